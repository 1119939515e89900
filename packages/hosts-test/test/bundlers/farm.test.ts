import { dirname, join } from "node:path";
import { build, type UserConfig } from "@farmfe/core";
import flamelet from "flamelet/farm";
import { appDirectory, testBundler } from "../support/built-app.ts";

testBundler("Farm, with all modules loaded at the start,", async ({ entry, outDir }) => {
  const config = {
    root: appDirectory,
    compilation: {
      input: { main: join(dirname(entry), "eager.ts") },
      output: { path: outDir, targetEnv: "node-next", format: "esm", entryFilename: "[entryName].mjs" },
      sourcemap: true,
      persistentCache: false,
      // It makes no source map of what it minifies.
      minify: false,
      presetEnv: false,
    },
    plugins: [flamelet()],
  } satisfies UserConfig;
  await build(config);
  return join(outDir, "main.mjs");
});
