import { test } from "node:test";
import { inThisPackage } from "../support/paths.ts";
import { assertWorks, runApp } from "../support/run-app.ts";
import { deno } from "../support/runtimes.ts";

test("Deno runs closures, wherever they are", async () => {
  const args = ["run", "--allow-all", "--preload", "npm:flamelet/register", "fixtures/app/main.ts"];
  assertWorks(await runApp({ file: deno, args, cwd: inThisPackage(".") }));
});
