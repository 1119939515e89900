import { readFileSync } from "node:fs";
import { defineConfig, type Plugin, type RolldownOptions } from "rolldown";
import manifest from "./package.json" with { type: "json" };

const { dependencies, peerDependencies } = manifest;

/**
 * The modules that are loaded by name or path: what `exports` and `bin` of `package.json` name, and what `ownModule` is asked
 * for. All else is in chunks that these share, so that nothing is there twice, but for the watchdog's thread.
 */
const ENTRIES = [
  "index",
  "runtime",
  "cli",
  "child/preload",
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
 * What a runner loads at its start, in as few files as can be, since each takes it half a millisecond: each has these modules
 * and what they import, but for what is in one before it. The rest falls into chunks by itself.
 */
const CHUNKS: Record<string, RegExp> = {
  modules: /src\/(?:own-files|registry|modules\/.*|hosts\/app-module|hosts\/find-functions)\.ts$/,
  boot: /src\/child\/(?:boot|app-loaded|dial)\.ts$/,
  core: /src\/(?:flame|child\/main|doctor\/report)\.ts$/,
};

/**
 * Gets Node's own modules without importing them. For an import, Node reads all that a module has, and some of that loads
 * more: `node:fs` its promises and readline, `node:crypto` its web half, `node:util` a parser of arguments.
 */
const builtIns: Plugin = {
  name: "built-ins",
  renderChunk: (code) => ({
    code: code.replace(
      /^import (?:\* as (\w+)|\{([^}]+)\}) from ("node:[^"]+");$/gm,
      (_, all: string | undefined, names: string | undefined, module: string) =>
        `const ${all ?? `{${names?.replaceAll(" as ", ": ")}}`} = process.getBuiltinModule(${module});`,
    ),
    map: null,
  }),
};

/**
 * Writes letters that are not ASCII by their numbers: V8 keeps a source that has one beyond Latin-1 with two bytes for each
 * letter, and Node reads it more slowly.
 */
const ascii: Plugin = {
  name: "ascii",
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle))
      if (file.type === "chunk")
        file.code = file.code.replace(
          /[^\0-\x7f]/g,
          (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
        );
  },
};

/** devalue is in here, since it would be eight more files. */
const license: Plugin = {
  name: "license",
  generateBundle() {
    const source = readFileSync(new URL("../LICENSE", import.meta.resolve("devalue")), "utf8");
    this.emitFile({ type: "asset", fileName: "LICENSE-devalue", source });
  },
};

const common: RolldownOptions = {
  platform: "node",
  external: Object.keys({ ...dependencies, ...peerDependencies }),
  // What the package says of `dist` is not so of `src`.
  treeshake: { moduleSideEffects: (_, isExternal) => !isExternal },
  transform: { target: "es2024" },
};

const output: RolldownOptions["output"] & {} = {
  dir: "dist",
  sourcemap: true,
  // They are in `src`, which is published too.
  sourcemapExcludeSources: true,
  comments: false,
  entryFileNames: "[name].js",
  minifyInternalExports: false,
};

export default defineConfig([
  {
    ...common,
    plugins: [builtIns, ascii, license],
    input: Object.fromEntries(ENTRIES.map((entry) => [entry, `src/${entry}.ts`])),
    output: {
      ...output,
      cleanDir: true,
      chunkFileNames: "[name].js",
      codeSplitting: {
        groups: Object.entries(CHUNKS).map(([name, test], index, { length }) => ({
          name,
          test,
          priority: length - index,
        })),
      },
    },
  },
  // All that the thread needs, and nothing else.
  {
    ...common,
    plugins: [builtIns, ascii],
    input: { "child/watchdog-thread": "src/child/watchdog-thread.ts" },
    output: { ...output, cleanDir: false, chunkFileNames: "child/[name].js" },
  },
]);
