import { test } from "node:test";
import { inThisPackage } from "../support/paths.ts";
import { output } from "../support/run-app.ts";

test("Vitest runs closures on inline and on processes", async () => {
  const args = [
    inThisPackage("../../node_modules/vitest/vitest.mjs"),
    "run",
    "--config",
    "fixtures/vitest/vitest.config.ts",
  ];
  await output({ args, cwd: inThisPackage(".") });
});
