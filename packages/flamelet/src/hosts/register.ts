/**
 * `node --import flamelet/register app.ts`: compiles the inline closures of the app as its modules are loaded. It is also
 * loaded in every runner, so it costs next to nothing until a module mentions flamelet.
 */
import { readFileSync } from "node:fs";
import { createRequire, registerHooks, setSourceMapsSupport } from "node:module";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { projectRoot } from "../modules/project-root.ts";
import { isAppModule } from "./app-module.ts";
import { findFunctionsInSources } from "./find-functions.ts";
import { inlineMap, mapOfModule } from "./source-map.ts";

const root = projectRoot(process.cwd());
const ownDirectory = fileURLToPath(new URL("../", import.meta.url));

/** What marks a process as a runner; see child/boot.ts, which is loaded first. */
const RUNNER = Symbol.for("flamelet.runner.1");

let compiler: typeof import("../compile/compile.ts") | undefined;

/** Loads the compiler, and with it the parser, when the first module needs it. Hooks cannot wait for an `import()`. */
function loadCompiler(): typeof import("../compile/compile.ts") {
  const require = createRequire(import.meta.url);
  // This file is TypeScript in this repository's tests, and JavaScript where it is installed: so is the compiler.
  compiler ??= require(`../compile/compile${extname(import.meta.filename)}`) as typeof import("../compile/compile.ts");
  return compiler;
}

/** The compiled module, or null when there is nothing to compile in it. */
function compileModule(source: string, file: string): string | null {
  if (!isAppModule(file) || file.startsWith(ownDirectory) || !source.includes("flamelet")) return null;
  const originalOf = mapOfModule(source, pathToFileURL(file).href);
  const result = loadCompiler().compile(source, { file, root, originalOf });
  if (result === null) return null;
  // A runner's parent has said it already.
  if (!(RUNNER in globalThis))
    for (const { message } of result.warnings) process.emitWarning(message, "FlameletWarning");
  return inlineMap(result.code, result.map);
}

setSourceMapsSupport(true, { nodeModules: false });
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith("file:")) return loaded;
    const file = fileURLToPath(url);
    if (!isAppModule(file)) return loaded;
    // Node reads CommonJS modules later, and itself, unless it is given their source.
    const bytes = loaded.source ?? readFileSync(file);
    const source = typeof bytes === "string" ? bytes : Buffer.from(bytes as Uint8Array).toString();
    const compiled = compileModule(source, file);
    return compiled === null ? loaded : { ...loaded, source: compiled };
  },
});
if (RUNNER in globalThis)
  findFunctionsInSources({ root, compile: compileModule, load: (file) => import(pathToFileURL(file).href) });
