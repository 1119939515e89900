/** A short run of `npm run burst -w packages/fly`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { noTimes } from "@flamelet/fly-emulator";
import { burst } from "../../burst/run.ts";

const CALLS = 10;
/** Fly's clock and ours go this much faster than the world's, so that its rate limits take less of a test's time. */
const FASTER = 10;

const began = Date.now();
const clock = {
  now: (): number => Math.floor(began + performance.now() * FASTER),
  setTimer: (ms: number, fn: () => void): { cancel(): void } => {
    const timer = setTimeout(fn, ms / FASTER).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

for (const standby of ["stopped", "suspended"] as const)
  test(`as many calls as there are ${standby} standby machines start at once, and none is refused for coming too soon`, async () => {
    const result = await burst({ calls: CALLS, standby, times: noTimes, clock });
    assert.deepEqual(result.lost, []);
    assert.equal(result.fromStandby, CALLS);
    assert.deepEqual(result.refused, []);
  });

test("without them the same calls go at the pace that Fly allows, and none is lost", async () => {
  const result = await burst({ calls: CALLS, standby: "none", times: noTimes, clock });
  assert.deepEqual(result.lost, []);
  assert.equal(result.fromStandby, 0);
  assert.ok(result.created >= CALLS);
  // Three at once, and one a second after that.
  assert.ok((result.started.at(-1) ?? 0) >= (CALLS - 3) * 1_000);
});
