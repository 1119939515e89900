/**
 * `node --import flamelet/register app.ts`: compiles the inline closures of the app as its modules are loaded. It is also
 * loaded in every runner, so it costs next to nothing until a module mentions flamelet.
 */
import { readFileSync } from "node:fs";
import { createRequire, registerHooks, setSourceMapsSupport } from "node:module";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { mayHaveClosures } from "../compile/app-modules.ts";
import { inlineMap, mapOfModule } from "./source-map.ts";
import { projectRoot } from "./project-root.ts";

const root = projectRoot(process.cwd());
const ownDirectory = new URL("../", import.meta.url).href;
const CODE = /\.(?:[cm]?[jt]s|[jt]sx)(?:[?#]|$)/;

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

function isCodeOfApp(url: string): boolean {
  return url.startsWith("file:") && CODE.test(url) && !url.includes("/node_modules/") && !url.startsWith(ownDirectory);
}

/** The compiled module, or null when there is nothing to compile in it. */
function compileModule(source: string, url: string): string | null {
  const file = fileURLToPath(url);
  const result = loadCompiler().compile(source, { file, root, originalOf: mapOfModule(source, url) });
  if (result === null) return null;
  // Its parent has said it already.
  if (RUNNER in globalThis) return inlineMap(result.code, result.map);
  for (const { message } of result.warnings) process.emitWarning(message, "FlameletWarning");
  return inlineMap(result.code, result.map);
}

setSourceMapsSupport(true, { nodeModules: false });
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!isCodeOfApp(url)) return loaded;
    // Node reads CommonJS modules later, and itself, unless it is given their source.
    const bytes = loaded.source ?? readFileSync(fileURLToPath(url));
    const source = typeof bytes === "string" ? bytes : Buffer.from(bytes as Uint8Array).toString();
    if (!mayHaveClosures(source, { file: fileURLToPath(url) })) return loaded;
    const compiled = compileModule(source, url);
    return compiled === null ? loaded : { ...loaded, source: compiled };
  },
});
