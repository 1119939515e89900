/**
 * `bun --preload flamelet/register app.ts`: compiles the inline closures of the app as its modules are loaded. Bun has no
 * hooks that see every module as Node has, but plugins that load files by name.
 */
import { readFileSync } from "node:fs";
import { compile } from "../compile/compile.ts";
import { projectRoot } from "../modules/project-root.ts";
import { ownDirectory } from "../own-files.ts";
import { mayHaveClosures } from "./app-module.ts";
import { keepMap } from "./bun-stacks.ts";
import { findFunctionsInSources } from "./find-functions.ts";

/** Of Bun's global, what is used here: its types are not installed with flamelet. */
interface Bun {
  plugin(plugin: {
    name: string;
    setup(build: {
      onLoad(options: { filter: RegExp }, load: (args: { path: string }) => { contents: string; loader: string }): void;
    }): void;
  }): void;
}

/** What marks a process as a runner; see child/boot.ts, which is loaded first. */
const RUNNER = Symbol.for("flamelet.runner.1");

const root = projectRoot(process.cwd());
const ownPath = ownDirectory.pathname;

function compileModule(source: string, file: string): string | null {
  if (file.startsWith(ownPath) || !mayHaveClosures(source, file)) return null;
  const result = compile(source, { file, root });
  if (result === null) return null;
  // A runner's parent has said it already.
  if (!(RUNNER in globalThis))
    for (const { message } of result.warnings) process.emitWarning(message, "FlameletWarning");
  keepMap(file, result.map);
  return result.code;
}

(globalThis as unknown as { Bun: Bun }).Bun.plugin({
  name: "flamelet",
  setup(build) {
    build.onLoad({ filter: /^(?!.*[\\/]node_modules[\\/]).*\.(?:[cm]?[jt]s|[jt]sx)$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      return { contents: compileModule(source, path) ?? source, loader: loaderOf(path) };
    });
  },
});

function loaderOf(path: string): string {
  return /[jt]sx$/.exec(path)?.[0] ?? (path.endsWith("ts") ? "ts" : "js");
}

if (RUNNER in globalThis) findFunctionsInSources({ root, compile: compileModule, load: (file) => import(file) });
