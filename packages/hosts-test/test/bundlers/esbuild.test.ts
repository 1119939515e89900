import { join } from "node:path";
import { build } from "esbuild";
import flamelet from "flamelet/esbuild";
import { testBundler } from "../support/built-app.ts";

const shared = { bundle: true, splitting: true, format: "esm", platform: "node", sourcemap: true } as const;

testBundler("esbuild", async ({ entry, outDir }) => {
  await build({ ...shared, entryPoints: [entry], outdir: outDir, plugins: [flamelet()] });
  return join(outDir, "main.js");
});

testBundler("esbuild, minified,", async ({ entry, outDir }) => {
  await build({ ...shared, entryPoints: [entry], outdir: outDir, minify: true, plugins: [flamelet()] });
  return join(outDir, "main.js");
});
