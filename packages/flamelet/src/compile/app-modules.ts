/**
 * Which modules of the app may hand `flame` on to others, told from their text alone. A module may import it from
 * `./pools.ts` under any name, and be none the wiser; to find that out by parsing would parse the whole app. So a module
 * that does not mention the package is looked at further only when it imports one that does and passes on what it
 * imports, or that passes on what such a one exports. Nothing else costs more than the search of its text, and of the
 * text of what it imports, each read once.
 *
 * Loads no parser, so that a host can ask before it loads the compiler.
 */
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve as resolvePath } from "node:path";

/** Finds the file that a specifier means in an importer (both absolute paths), or null when it is no module of the app. */
export type Resolve = (specifier: string, importer: string) => string | null;

/** Where a module is, as far as finding `flame` in it goes. */
export interface MarkerOptions {
  readonly file: string;
  readonly packageName?: string | undefined;
  readonly resolve?: Resolve | undefined;
}

/** Whether a module is worth parsing: it mentions the package, or imports a module that may hand it on. */
export function mayHaveClosures(source: string, options: MarkerOptions): boolean {
  const { file, packageName = "flamelet", resolve = onDisk } = options;
  return source.includes(packageName) || importsAny(specifiersIn(source), file, packageName, resolve, new Set([file]));
}

interface Facts {
  readonly changed: number;
  readonly size: number;
  readonly text: TextFacts;
}

interface TextFacts {
  /** Whether it may export something that it did not make. */
  readonly passesOn: boolean;
  readonly specifiers: readonly string[];
  readonly includes: Map<string, boolean>;
}

const cache = new Map<string, Facts>();

function importsAny(
  specifiers: readonly string[],
  importer: string,
  packageName: string,
  resolve: Resolve,
  seen: Set<string>,
): boolean {
  return specifiers.some((specifier) => {
    const file = resolve(specifier, importer);
    if (file === null || seen.has(file)) return false;
    seen.add(file);
    const facts = factsOf(file, packageName);
    if (facts === null || !facts.passesOn) return false;
    return facts.includes.get(packageName) === true || importsAny(facts.specifiers, file, packageName, resolve, seen);
  });
}

/** What is known of the text of a file, which is read again when it has changed; null when there is no such file. */
function factsOf(file: string, packageName: string): TextFacts | null {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) return null;
  const known = cache.get(file);
  if (known?.changed === stat.mtimeMs && known.size === stat.size && known.text.includes.has(packageName))
    return known.text;
  const source = readFileSync(file, "utf8");
  const text = {
    passesOn: PASSES_ON.test(source),
    specifiers: specifiersIn(source),
    includes: new Map([[packageName, source.includes(packageName)]]),
  };
  cache.set(file, { changed: stat.mtimeMs, size: stat.size, text });
  return text;
}

/** The forms in which a module exports what it did not make. Finds too much rather than too little. */
const PASSES_ON =
  /\bexport\s*(?:[*{]|default\s+[\w$.]+\s*(?:;|$)|const\s*(?:\{[^}]*\}|[\w$]+)[^=\n]*=\s*[\w$.!?()"'/@ -]+(?:;|,|$|\bas\b|\bsatisfies\b))|\bexports\b/m;

const SPECIFIER = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*(["'])([^"'\n]+)\1/g;

/** What a text imports, as far as a search can tell. A host that resolves asynchronously resolves these beforehand. */
export function specifiersIn(source: string): string[] {
  return [...new Set(Array.from(source.matchAll(SPECIFIER), ([, , specifier = ""]) => specifier))];
}

const EXTENSIONS = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"];

/** Relative specifiers as Node, TypeScript and bundlers read them: `./pools.js` may be written as `./pools.ts`. */
function onDisk(specifier: string, importer: string): string | null {
  if (!specifier.startsWith("./") && !specifier.startsWith("../")) return null;
  const path = resolvePath(dirname(importer), specifier.replace(/[?#].*$/, ""));
  const typescript = path.replace(/\.([cm]?)js(x?)$/, ".$1ts$2");
  const candidates = [path, typescript, `${typescript}x`];
  for (const extension of EXTENSIONS) candidates.push(path + extension);
  for (const extension of EXTENSIONS) candidates.push(`${path}/index${extension}`);
  return candidates.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true) ?? null;
}

/** As `resolve` says, or else relative specifiers on disk. */
export function resolver(resolve: Resolve | undefined): Resolve {
  return resolve ?? onDisk;
}
