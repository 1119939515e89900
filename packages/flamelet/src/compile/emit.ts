import type { Node, Program } from "oxc-parser";
import { MappedText, type Insertion, type SourceMap } from "./mapped-text.ts";
import type { OriginalOf } from "./original.ts";

/** One closure, ready to be written. */
export interface CompiledClosure {
  readonly id: string;
  readonly hash: string;
  readonly where: string;
  /** What it is given to: `"call"`. */
  readonly verb: string;
  readonly captures: readonly string[];
  /** A function literal, or the name of a function. */
  readonly fn: Node;
  /** Whether it is strict code where it stands. */
  readonly strict: boolean;
}

export interface EmitOptions {
  readonly source: string;
  /** Absolute path, which becomes the source of the map. */
  readonly file: string;
  readonly program: Program;
  readonly esm: boolean;
  readonly packageName: string;
  readonly originalOf: OriginalOf | undefined;
}

/**
 * Writes a compiled module. From
 *
 *     import { flame } from "flamelet";
 *     export function thumbs(video) {
 *       return flame.call(ffmpeg, async () => probe(video));
 *     }
 *
 * it makes
 *
 *     import { register as $flame_register, closure as $flame_closure } from "flamelet/runtime"; $flame_register({ id: "src/a.ts#thumbs/0", …, make: $flame_0 }); import { flame } from "flamelet";
 *     export function thumbs(video) {
 *       return flame.call(ffmpeg, $flame_closure("src/a.ts#thumbs/0", …, ["video"], () => [video], $flame_0, async () => probe(video)));
 *     }
 *     function $flame_0(video) { return async () => probe(video); }
 *
 * No line of the original moves. The copies are function declarations because those are ready before any statement runs,
 * and so whatever top-level await or a circular import does. A call
 * that comes by way of a circular import before the first line has run finds the copy through the closure in place. The closures in place work as they did.
 */
export function emit(
  closures: readonly CompiledClosure[],
  { source, file, program, esm, packageName, originalOf }: EmitOptions,
): { code: string; map: SourceMap } {
  const prefix = freePrefix(source);
  const runtime = JSON.stringify(`${packageName}/runtime`);

  const entries = closures.map(
    ({ id, hash, captures, where }, index) =>
      `{ id: ${JSON.stringify(id)}, hash: "${hash}", captures: ${JSON.stringify(captures)}, ` +
      `where: ${JSON.stringify(where)}, make: ${prefix}${index} }`,
  );
  const load = esm
    ? `import { register as ${prefix}register, closure as ${prefix}closure } from ${runtime};`
    : `const { register: ${prefix}register, closure: ${prefix}closure } = require(${runtime});`;
  const { at, before } = head(source, program);
  const register = { at, text: `${before}${load} ${prefix}register(${entries.join(", ")}); ` };
  const marks = closures.flatMap((closure, index) => mark(closure, `${prefix}${index}`, prefix));
  marks.sort((a, b) => a.at - b.at);

  const text = new MappedText(source, file, originalOf);
  text.copy(0, source.length, [register, ...marks]);
  text.add(/[\n\r]$/.test(source) ? "" : "\n");
  closures.forEach(({ fn, captures, strict }, index) => {
    // An ES module is strict anyway.
    const directive = strict && !esm ? '"use strict"; ' : "";
    text.add(`function ${prefix}${index}(${captures.join(", ")}) { ${directive}return `);
    text.copy(
      fn.start,
      fn.end,
      marks.filter((inner) => inner.at > fn.start && inner.at < fn.end),
    );
    text.add("; }\n");
  });
  return { code: text.code, map: text.map };
}

/** Marks a closure where it stands. */
function mark(
  { fn, id, hash, where, captures }: CompiledClosure,
  make: string,
  prefix: string,
): [before: Insertion, after: Insertion] {
  const names = captures.join(", ");
  const described = [id, hash, where].map((value) => JSON.stringify(value)).join(", ");
  return [
    {
      at: fn.start,
      text: `${prefix}closure(${described}, ${JSON.stringify(captures)}, () => [${names}], ${make}, `,
    },
    { at: fn.end, text: ")" },
  ];
}

/** Where the first line of code may begin: after a byte order mark, the hashbang line and the directives. */
function head(source: string, { body, hashbang }: Program): { at: number; before: string } {
  const directive = body.findLast((statement) => "directive" in statement && typeof statement.directive === "string");
  if (directive !== undefined) return { at: directive.end, before: source[directive.end - 1] === ";" ? " " : "; " };
  if (hashbang === null) return { at: source.startsWith("\uFEFF") ? 1 : 0, before: "" };
  return { at: hashbang.end + (source.startsWith("\r\n", hashbang.end) ? 2 : 1), before: "" };
}

/** A beginning that no name in the module has. */
function freePrefix(source: string): string {
  let prefix = "$flame_";
  for (let attempt = 1; source.includes(prefix); attempt++) prefix = `$flame${attempt}_`;
  return prefix;
}
