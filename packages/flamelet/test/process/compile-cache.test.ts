import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parentEnv, startRunner } from "./harness.ts";

test("a runner keeps what it compiled once its app is loaded, unless it is told not to", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "flamelet-compiled-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const kept = (): number => readdirSync(folder, { recursive: true }).length;

  using told = startRunner(parentEnv({ lease: 1_500 }), "idle.ts", [], {
    NODE_COMPILE_CACHE: folder,
    NODE_DISABLE_COMPILE_CACHE: "1",
  });
  await told.exit;
  assert.equal(kept(), 0);

  // It is killed in the end, as every runner without a parent is, and has no chance to write anything then.
  using runner = startRunner(parentEnv({ lease: 1_500 }), "idle.ts", [], { NODE_COMPILE_CACHE: folder });
  assert.equal((await runner.exit).signal, "SIGKILL");
  assert.ok(kept() > 1);
});
