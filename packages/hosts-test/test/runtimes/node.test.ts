import { test } from "node:test";
import { inThisPackage } from "../support/paths.ts";
import { assertWorks, runApp } from "../support/run-app.ts";
import { node22, node26 } from "../support/runtimes.ts";

const app = "fixtures/app/main.ts";
const cwd = inThisPackage(".");

for (const [name, file] of Object.entries({ "Node 22": node22, "Node 24": process.execPath, "Node 26": node26 }))
  test(`${name} runs closures, wherever they are`, async () => {
    assertWorks(await runApp({ file, args: ["--import", "flamelet/register", app], cwd }));
  });

for (const order of [
  ["tsx", "flamelet/register"],
  ["flamelet/register", "tsx"],
])
  test(`tsx runs closures, wherever they are (--import ${order.join(" --import ")})`, async () => {
    const args = [...order.flatMap((name) => ["--import", name]), app];
    assertWorks(await runApp({ args, cwd }));
  });
