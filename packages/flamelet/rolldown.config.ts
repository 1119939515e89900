import { defineConfig } from "rolldown";
import manifest from "./package.json" with { type: "json" };

const { dependencies, peerDependencies } = manifest;

/**
 * The modules that are loaded by name or path: what `exports` and `bin` of `package.json` name, and what `ownModule` is asked
 * for. All else is in chunks that these share, so that nothing is there twice.
 */
const ENTRIES = [
  "index",
  "runtime",
  "cli",
  "child/preload",
  "child/watchdog-thread",
  "compile/compile",
  "doctor/probe",
  "hosts/register",
  "hosts/register-bun",
  "hosts/register-deno",
  "hosts/vite",
  "hosts/rollup",
  "hosts/rolldown",
  "hosts/esbuild",
  "hosts/webpack",
  "hosts/rspack",
  "hosts/farm",
  "hosts/bun",
  "hosts/next",
  "hosts/next-loader",
  "testing/index",
  "testing/conformance-app",
];

/**
 * What a runner loads at its start, in as few files as can be: each has these modules and what they import, but for what is
 * in one before it. The rest falls into chunks by itself.
 */
const CHUNKS: Record<string, RegExp> = {
  // All that the watchdog's thread needs.
  dial: /src\/(?:child\/dial|session\/beat)\.ts$/,
  modules: /src\/(?:own-files|registry|modules\/.*|hosts\/app-module|hosts\/find-functions)\.ts$/,
  boot: /src\/child\/(?:boot|app-loaded)\.ts$/,
  core: /src\/(?:flame|child\/main|doctor\/report)\.ts$/,
};

export default defineConfig({
  input: Object.fromEntries(ENTRIES.map((entry) => [entry, `src/${entry}.ts`])),
  platform: "node",
  external: Object.keys({ ...dependencies, ...peerDependencies }),
  // What the package says of `dist` is not so of `src`.
  treeshake: { moduleSideEffects: (_, isExternal) => !isExternal },
  transform: { target: "es2024" },
  output: {
    dir: "dist",
    cleanDir: true,
    sourcemap: true,
    // They are in `src`, which is published too.
    sourcemapExcludeSources: true,
    comments: false,
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    minifyInternalExports: false,
    codeSplitting: {
      groups: Object.entries(CHUNKS).map(([name, test], index, { length }) => ({
        name,
        test,
        priority: length - index,
      })),
    },
  },
});
