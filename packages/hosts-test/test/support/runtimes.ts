import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const inPackage = (name: string, path: string): string => join(dirname(require.resolve(`${name}/package.json`)), path);

/** The programs of the runtimes, from npm. */
export const bun: string = inPackage("bun", "bin/bun.exe");
export const deno: string = inPackage("deno", "deno");
export const node22: string = inPackage("node22", "bin/node");
export const node26: string = inPackage("node26", "bin/node");
