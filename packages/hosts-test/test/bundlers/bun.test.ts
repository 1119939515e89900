import { join } from "node:path";
import { type Place, testBundler } from "../support/built-app.ts";
import { inThisPackage } from "../support/paths.ts";
import { bun } from "../support/runtimes.ts";
import { output } from "../support/run-app.ts";

const script = inThisPackage("fixtures/build-with-bun.ts");

async function build({ entry, outDir }: Place): Promise<string> {
  await output({ file: bun, args: [script, entry, outDir], cwd: process.cwd() });
  return join(outDir, "main.js");
}

// Bun reads no source map of what a plugin gives it, so its own leads to the lines of the compiled module.
testBundler("Bun.build", build, false);
