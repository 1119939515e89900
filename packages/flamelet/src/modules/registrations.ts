/** One function that a module registers when it is loaded, as its text shows. */
export interface Registration {
  readonly id: string;
  /** Hash of the source of a closure; empty for a named function. */
  readonly hash: string;
}

/** `id: "src/thumbs.ts#generate/0", hash: "c438208e0a5e"`, as the compiler writes it, and as minifiers leave it. */
const CLOSURE = /\bid:\s*(["'`])((?:(?!\1)[^\\\n]|\\.)+#(?:(?!\1)[^\\\n]|\\.)*)\1,\s*hash:\s*(["'`])([\w-]+)\3/g;

/** `flame.fn("media/probe", …`, also when its result is called without a receiver: `(0, flame.fn)("media/probe", …`. */
const NAMED = /\bfn\)?\(\s*(["'`])([^"'`#\\\n]{1,200})\1\s*,/g;

/**
 * The functions that a module registers, found in its text: compiled, bundled or minified, or as it was written, which shows
 * its named functions only. It may find some that are none (in a comment, say), and misses names that are not literals.
 */
export function registrationsIn(code: string): Registration[] {
  const closures = [...code.matchAll(CLOSURE)].map(([, , id = "", , hash = ""]) => ({ id: unescaped(id), hash }));
  const named = [...code.matchAll(NAMED)].map(([, , id = ""]) => ({ id, hash: "" }));
  return [...closures, ...named];
}

/** What a string literal says. Ids are paths, so there is little to escape in them but letters that are not ASCII. */
function unescaped(literal: string): string {
  return literal
    .replace(/\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\u\{([0-9a-f]+)\}/gi, (_, ...codes: (string | undefined)[]) =>
      String.fromCodePoint(Number.parseInt(codes.slice(0, 3).find((code) => code !== undefined) ?? "", 16)),
    )
    .replace(/\\(.)/g, "$1");
}
