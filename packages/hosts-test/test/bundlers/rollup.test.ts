import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { rollup } from "rollup";
import flamelet from "flamelet/rollup";
import { testBundler } from "../support/built-app.ts";

testBundler("Rollup", async ({ entry, outDir }) => {
  const types = { name: "strip-types", transform: (code: string) => ({ code: stripTypeScriptTypes(code), map: null }) };
  const bundle = await rollup({ input: entry, plugins: [flamelet(), types] });
  await bundle.write({ dir: outDir, format: "es", sourcemap: true });
  await bundle.close();
  return join(outDir, "main.js");
});
