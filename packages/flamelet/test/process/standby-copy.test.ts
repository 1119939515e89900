import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const app = fileURLToPath(new URL("./fixtures/asleep.ts", import.meta.url));

function run(standby: string): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, FLAME_STANDBY: standby };
  return spawnSync(process.execPath, [app], { env, encoding: "utf8" });
}

test("a copy that is told its parent later is a runner from its start, and ends when nobody claims it", () => {
  const standby = { claim: "./nobody-claims.ts", pool: "p", backend: "fake", buildId: "b" };
  const { status, stdout, stderr } = run(JSON.stringify(standby));
  const [said, loaded] = stdout.trim().split("\n");
  assert.deepEqual(JSON.parse(said ?? ""), {
    isRunner: true,
    parent: { pool: "p", backend: "fake", buildId: "b", runnerId: "", depth: 1, epoch: 0 },
    env: null,
  });
  assert.equal(loaded, "loaded");
  assert.equal(status, 75);
  assert.match(stderr, /nobody claimed this copy of the app: nobody came/);
});

test("a copy that is told nonsense says so", () => {
  for (const [value, message] of [
    ["{", /FLAME_STANDBY is malformed/],
    ["{}", /its field "claim" is missing/],
  ] as const) {
    const { status, stderr } = run(value);
    assert.equal(status, 78);
    assert.match(stderr, message);
  }
});
