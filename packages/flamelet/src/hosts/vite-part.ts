/** What Vite needs beside the compiler: its dev server runs the app inside itself, and replaces modules while it does. */
import type { Plugin, RunnableDevEnvironment, ViteDevServer } from "vite";
import { compile } from "../compile/compile.ts";
import { projectRoot } from "../modules/project-root.ts";
import { noteReload } from "../registry.ts";
import { mayHaveClosures } from "./app-module.ts";
import { findFunctionsInSources } from "./find-functions.ts";

/** What marks a process as a runner; see child/boot.ts. */
const isRunner = Symbol.for("flamelet.runner.1") in globalThis;

/** Of what Vitest hands to a plugin, what is used here. Older ones keep nothing. */
interface VitestContext {
  readonly defineCacheKeyGenerator?: (
    keyOf: (module: { readonly id: string; readonly sourceCode: string }) => string,
  ) => void;
}

/** The part of the plugin that is for Vite alone. `onRoot` is told the project root. */
export function vitePart(
  onRoot: (root: string) => void,
): Partial<Plugin> & { configureVitest: (context: VitestContext) => void } {
  let root = "";
  return {
    config: () => ({
      ssr: { external: ["flamelet"] },
      // A copy of a dev server has nobody to tell of changes: it goes when there are some.
      ...(isRunner ? { server: { watch: null, ws: false } } : {}),
    }),
    configResolved(config) {
      root = projectRoot(config.root);
      onRoot(root);
    },
    // A browser has no runners.
    applyToEnvironment: ({ config }) => config.consumer === "server",
    configureServer(server) {
      if (!isRunner) return;
      findFunctionsInSources({
        root,
        compile: (source, file) =>
          mayHaveClosures(source, file) ? (compile(source, { file, root })?.code ?? null) : null,
        load: (file) => loadOnServer(server, file),
      });
    },
    // Vitest keeps what was compiled, beyond the next version of flamelet or of a module that hands `flame` on.
    configureVitest: ({ defineCacheKeyGenerator }: VitestContext) =>
      defineCacheKeyGenerator?.(({ id, sourceCode }) => {
        const file = id.replace(/[?#].*$/s, "");
        try {
          return mayHaveClosures(sourceCode, file) ? (compile(sourceCode, { file, root })?.code ?? "") : "";
        } catch {
          // It is refused, which is said when it is transformed.
          return "";
        }
      }),
    hotUpdate({ modules }) {
      if (modules.length > 0) noteReload();
    },
  };
}

/** Loads a module in the way in which the app was loaded: a module that was loaded in both would be there twice. */
async function loadOnServer(server: ViteDevServer, file: string): Promise<unknown> {
  // Some environments run elsewhere, and have no runner here.
  const { runner } = server.environments.ssr as Partial<RunnableDevEnvironment>;
  if (runner !== undefined && runner.evaluatedModules.idToModuleMap.size > 0) return await runner.import(file);
  return await server.ssrLoadModule(file);
}
