import { join } from "node:path";
import flamelet from "flamelet/vite";
import { build } from "vite";
import { appDirectory, testBundler } from "../support/built-app.ts";

testBundler("Vite for SSR", async ({ entry, outDir }) => {
  await build({
    root: appDirectory,
    configFile: false,
    logLevel: "warn",
    plugins: [flamelet()],
    build: { ssr: entry, outDir, emptyOutDir: true, sourcemap: true },
  });
  return join(outDir, "main.js");
});
