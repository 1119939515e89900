import { dirname, resolve as resolvePath } from "node:path";
import { statModule } from "./read-module.ts";

/** Finds the file that a specifier means in an importer (both absolute paths), or null when it is no module of the app. */
export type Resolve = (specifier: string, importer: string) => string | null;

/** What the host gives, or else relative specifiers on disk. */
export function resolverFor(resolve: Resolve | undefined): Resolve {
  return resolve ?? onDisk;
}

const EXTENSIONS = [".ts", ".tsx", ".js", ".mts", ".cts", ".jsx", ".mjs", ".cjs"];

/** What was found on disk, to be asked first next time. */
const found = new Map<string, string>();

/** Relative specifiers as Node, TypeScript and bundlers read them: `./pools.js` may be written as `./pools.ts`. */
function onDisk(specifier: string, importer: string): string | null {
  if (!specifier.startsWith("./") && !specifier.startsWith("../")) return null;
  const path = resolvePath(dirname(importer), specifier.replace(/[?#].*$/, ""));
  const known = found.get(path);
  if (known !== undefined && isModule(known)) return known;
  const file = candidates(path).find(isModule) ?? null;
  if (file !== null) found.set(path, file);
  return file;
}

function* candidates(path: string): Generator<string> {
  yield path;
  const typescript = path.replace(/\.([cm]?)js(x?)$/, ".$1ts$2");
  if (typescript !== path) {
    yield typescript;
    yield `${typescript}x`;
  }
  for (const extension of EXTENSIONS) yield path + extension;
  for (const extension of EXTENSIONS) yield `${path}/index${extension}`;
}

function isModule(file: string): boolean {
  return statModule(file) !== null;
}
