/** What the hosts of all bundlers are made of: one plugin, which compiles the app's modules and leaves flamelet alone. */
import { createUnplugin, type UnpluginInstance } from "unplugin";
import { compile } from "../compile/compile.ts";
import type { SourceMap } from "../compile/mapped-text.ts";
import { projectRoot } from "../modules/project-root.ts";
import { mayHaveClosures } from "./app-module.ts";
import { vitePart } from "./vite-part.ts";
import { adaptWebpackLike } from "./webpack-like.ts";

/** flamelet and its entries: a runner starts threads and processes from its files, so it is never bundled. */
const OWN = /^flamelet(?:\/|$)/;

/** What may be a module of the app, with whatever a bundler adds to its path. */
const MODULE = /\.(?:[cm]?[jt]s|[jt]sx)(?:[?#]|$)/;

const external = { filter: { id: OWN }, handler: (id: string) => ({ id, external: true }) };

/** The plugin, for each bundler. It has no options. */
export const flamelet: UnpluginInstance<undefined, false> = createUnplugin<undefined, false>((_, { framework }) => {
  let root = projectRoot(process.cwd());
  return {
    name: "flamelet",
    // The sources as they were written: their text is what a function's hash is of, wherever it is compiled.
    enforce: "pre",
    // The others have ways of their own.
    ...(["vite", "webpack", "rspack"].includes(framework) ? {} : { resolveId: external }),
    transform: {
      filter: { id: { include: MODULE, exclude: [/^data:/, /[\\/]node_modules[\\/]/] } },
      handler(code, id): { code: string; map: SourceMap } | null {
        const file = id.replace(/[?#].*$/s, "");
        if (!mayHaveClosures(code, file)) return null;
        const result = compile(code, { file, root });
        for (const { message } of result?.warnings ?? []) this.warn(message);
        return result;
      },
    },
    webpack: (compiler) => adaptWebpackLike(compiler, OWN),
    rspack: (compiler) => adaptWebpackLike(compiler, OWN),
    vite: vitePart((found) => (root = found)),
  };
});
