import assert from "node:assert/strict";
import { test } from "node:test";
import { ffmpeg } from "../src/pool.ts";
import { watchPool } from "../src/pool-state.ts";

test("who watches the pool hears of what is, and of each change of that, whatever others heard before", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let runners = 0;
  t.mock.method(ffmpeg, "stats", () => ({ runners, booting: 0, ready: runners, idle: 0, draining: 0, queued: 0 }));
  const early: number[] = [];
  const late: number[] = [];
  const stops = [watchPool((state) => early.push(state.busy))];
  t.mock.timers.tick(1_000);
  runners = 1;
  stops.push(watchPool((state) => late.push(state.busy)));
  runners = 0;
  t.mock.timers.tick(1_000);
  for (const stop of stops) stop();
  runners = 2;
  t.mock.timers.tick(1_000);
  assert.deepEqual(
    [early, late],
    [
      [0, 1, 0],
      [1, 0],
    ],
  );
});
