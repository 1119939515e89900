/** A short run of `npm run chaos -w packages/fly`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chaos } from "../chaos/run.ts";

test("on a Fly that fails in every way, no call is lost or runs twice, and no machine is there twice or left", async (t) => {
  // Each works until it has been through something, however slow the machine.
  const result = await chaos({ each: 5_000, values: 10, ends: ["SIGKILL"], signal: t.signal });
  assert.deepEqual(result.violations, []);
  assert.ok((result.codes["value"] ?? 0) >= 20, JSON.stringify(result.codes));
  assert.ok(result.machines > 1, `only ${result.machines} machines were made`);
});
