import { test } from "node:test";
import { inThisPackage } from "../support/paths.ts";
import { assertWorks, runApp } from "../support/run-app.ts";
import { bun } from "../support/runtimes.ts";

test("Bun runs closures, wherever they are", async () => {
  const args = ["--preload", "flamelet/register", "fixtures/app/main.ts"];
  assertWorks(await runApp({ file: bun, args, cwd: inThisPackage(".") }));
});
