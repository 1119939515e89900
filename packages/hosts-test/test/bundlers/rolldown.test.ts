import { join } from "node:path";
import { rolldown } from "rolldown";
import flamelet from "flamelet/rolldown";
import { testBundler } from "../support/built-app.ts";

testBundler("Rolldown, minified,", async ({ entry, outDir }) => {
  const bundle = await rolldown({ input: entry, platform: "node", plugins: [flamelet()] });
  await bundle.write({ dir: outDir, format: "es", sourcemap: true, minify: true });
  await bundle.close();
  return join(outDir, "main.js");
});
