import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { test } from "node:test";
import { appDirectory, projectWithFlamelet } from "../support/built-app.ts";
import { inThisPackage } from "../support/paths.ts";
import { assertWorks, output, runApp } from "../support/run-app.ts";

const server = inThisPackage("fixtures/vite-server.ts");

for (const way of ["environment", "ssrLoadModule"])
  test(`an app that Vite's dev server runs (${way}) runs its closures, wherever they are`, async () => {
    const args = ["--enable-source-maps", server, appDirectory, way];
    assertWorks(await runApp({ args, cwd: inThisPackage(".") }));
  });

test("after a hot reload, calls run the new code, on a runner that has it", async () => {
  const root = await projectWithFlamelet();
  try {
    await cp(inThisPackage("fixtures/hot"), root, { recursive: true });
    const stdout = await output({ args: [server, root, "ssrLoadModule"], cwd: root });
    const { answers } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { answers: unknown };
    // At first; after an edit of what the closure's module imports; after an edit of the closure.
    assert.deepEqual(answers, ["old words", "new words", "new code"]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
