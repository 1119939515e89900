/** What Node and Deno have in common: hooks that see every module as it is loaded. */
import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { projectRoot } from "../modules/project-root.ts";
import { ownDirectory } from "../own-files.ts";
import { isAppModule, mayHaveClosures } from "./app-module.ts";
import { findFunctionsInSources } from "./find-functions.ts";
import { inlineMap, mapOfModule } from "./source-map.ts";

const root = projectRoot(process.cwd());
const ownPath = fileURLToPath(ownDirectory);

/** What marks a process as a runner; see child/boot.ts, which is loaded first. */
const RUNNER = Symbol.for("flamelet.runner.1");

/** Gives the compiler. Called when there is something to compile. */
export type LoadCompiler = () => typeof import("../compile/compile.ts");

/** Has the modules of the app compiled as they are loaded, from now on. */
export function compileOnLoad(loadCompiler: LoadCompiler): void {
  const compileModule = (source: string, file: string): string | null => {
    if (file.startsWith(ownPath) || !mayHaveClosures(source, file)) return null;
    const originalOf = mapOfModule(source, pathToFileURL(file).href);
    const result = loadCompiler().compile(source, { file, root, originalOf });
    if (result === null) return null;
    // A runner's parent has said it already.
    if (!(RUNNER in globalThis))
      for (const { message } of result.warnings) process.emitWarning(message, "FlameletWarning");
    return inlineMap(result.code, result.map);
  };
  // Deno has no such switch: it always reads source maps.
  (nodeModule as Partial<typeof nodeModule>).setSourceMapsSupport?.(true, { nodeModules: false });
  nodeModule.registerHooks({
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
}
