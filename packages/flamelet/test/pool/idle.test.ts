/** Idle runners go, those that `min` needs stay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { poolFor } from "./harness.ts";

test("F4: a surplus runner goes after its idle time, a min runner stays", async (t) => {
  const h = poolFor(t, { min: 1, maxConcurrency: 1, idleShutdownAfter: 500 });
  h.bootAll();
  const asks = h.asks(2);
  h.bootAll();
  await h.settle();
  for (const ask of asks) ask.release();
  await h.clock.advance(499);
  assert.equal(h.pool.stats().idle, 2);
  await h.clock.advance(1);
  const { ready, draining } = h.pool.stats();
  assert.deepEqual({ ready, draining }, { ready: 1, draining: 1 });
  await h.clock.advance(600_000);
  assert.equal(h.pool.stats().ready, 1);
});

test("R9: idle time starts when a runner's last work ended, not when it booted, and work stops it", async (t) => {
  const h = poolFor(t, { idleShutdownAfter: 500 });
  const first = h.ask();
  h.bootAll();
  await h.clock.advance(2000);
  first.release();
  await h.clock.advance(400);
  const second = h.ask();
  await h.clock.advance(400);
  second.release();
  await h.clock.advance(499);
  assert.deepEqual(h.runner(0).told, []);
  await h.clock.advance(1);
  assert.deepEqual(h.runner(0).told, ["drain 30000"]);
});

test("R9: a runner that was never used goes as well", async (t) => {
  const h = poolFor(t, { idleShutdownAfter: 500, min: 1 });
  h.bootAll();
  h.pool.update({ min: 0 });
  await h.clock.advance(500);
  assert.equal(h.runner(0).told.length, 1);
});

test("D13: after a burst on five runners, a trickle that one could serve keeps one", async (t) => {
  const h = poolFor(t, { max: 5, maxConcurrency: 10, idleShutdownAfter: 500 });
  const burst = h.asks(50);
  h.bootAll();
  await h.settle();
  for (const ask of burst) ask.release();
  for (let i = 0; i < 20; i++) {
    const trickle = h.asks(3);
    await h.clock.advance(50);
    for (const ask of trickle) ask.release();
  }
  assert.equal(h.pool.stats().ready, 1);
});

test("D13: one call at a time stays on one runner, also when each has one slot only", async (t) => {
  const h = poolFor(t, { max: 3, maxConcurrency: 1 });
  const burst = h.asks(3);
  h.bootAll();
  await h.settle();
  for (const ask of burst) ask.release();
  const used = new Set<string | undefined>();
  for (let i = 0; i < 10; i++) {
    const ask = h.ask();
    used.add(ask.runner);
    ask.release();
  }
  assert.equal(used.size, 1);
});

test('placement "spread" takes the emptiest runner', async (t) => {
  for (const [placement, expected] of [
    ["pack", ["r1", "r1", "r1"]],
    ["spread", ["r1", "r2", "r1"]],
  ] as const) {
    const h = poolFor(t, { min: 2, maxConcurrency: 5, placement });
    h.bootAll();
    if (placement === "pack") {
      const warm = h.ask({ exclude: new Set(["r2"]) });
      warm.release();
    }
    assert.deepEqual(
      h.asks(3).map((ask) => ask.runner),
      expected,
    );
  }
});

test("minIdleShutdownAfter: min runners go when the pool has had nothing to do for so long; the next call brings them back", async (t) => {
  const h = poolFor(t, { min: 2, minIdleShutdownAfter: 5000, idleShutdownAfter: 500 });
  h.bootAll();
  await h.clock.advance(3000);
  h.ask().release();
  await h.clock.advance(4999);
  assert.equal(h.pool.stats().ready, 2);
  await h.clock.advance(1);
  assert.equal(h.pool.stats().ready, 0);
  for (const runner of h.runners) runner.retire();
  await h.clock.advance(60_000);
  assert.equal(h.runners.length, 2, "they are not booted again by themselves");
  h.ask();
  assert.equal(h.runners.length, 4);
});

test("minIdleShutdownAfter counts from the end of the last work, however it ended", async (t) => {
  for (const how of ["release", "lose"] as const) {
    const h = poolFor(t, { min: 2, maxConcurrency: 1, minIdleShutdownAfter: 5000 });
    h.bootAll();
    const ask = h.ask();
    const worker = h.runners.find(({ id }) => id === ask.runner);
    await h.clock.advance(20_000);
    if (how === "release") ask.release();
    else worker?.lose();
    h.bootAll();
    await h.clock.advance(4999);
    assert.equal(h.pool.stats().ready, 2);
    await h.clock.advance(1);
    assert.equal(h.pool.stats().ready, 0);
  }
});

test("minIdleShutdownAfter: a call that is given up brings the min runners back all the same", async (t) => {
  const h = poolFor(t, { min: 1, minIdleShutdownAfter: 5000 });
  h.bootAll();
  await h.clock.advance(5000);
  h.runner(0).retire();
  const gone = new AbortController();
  h.ask({ signal: gone.signal });
  gone.abort();
  assert.deepEqual(h.runner(1).told, []);
  h.runner(1).up();
  await h.clock.advance(4999);
  assert.equal(h.pool.stats().ready, 1);
});

test("minIdleShutdownAfter: they are brought back also when the boot fails and the call is given up", async (t) => {
  const h = poolFor(t, { min: 1, minIdleShutdownAfter: 5000 });
  h.bootAll();
  await h.clock.advance(5000);
  h.runner(0).retire();
  const gone = new AbortController();
  h.ask({ signal: gone.signal });
  h.runner(1).failBoot("capacity");
  gone.abort();
  await h.clock.advance(500);
  assert.equal(h.runners.length, 3);
});

test("minIdleShutdownAfter shorter than a boot: the min runners get ready, and only then rest", async (t) => {
  const h = poolFor(t, { min: 1, minIdleShutdownAfter: 1000 });
  await h.clock.advance(3000);
  h.runner(0).up();
  await h.clock.advance(999);
  assert.equal(h.pool.stats().ready, 1);
  await h.clock.advance(1);
  assert.equal(h.pool.stats().ready, 0);
});

test("ready: is answered though the pool rests, or a boot fails and the next is further away than minIdleShutdownAfter", async (t) => {
  const h = poolFor(t, { min: 1, minIdleShutdownAfter: 100 });
  h.bootAll();
  await h.clock.advance(100);
  h.runner(0).retire();
  const ready = h.pool.ready();
  h.runner(1).failBoot("capacity");
  await h.clock.advance(500);
  h.runner(2).up();
  await ready;
  await h.clock.advance(100);
  assert.equal(h.pool.stats().ready, 0, "and then it rests again");
});

test("idleShutdownAfter Infinity: runners stay", async (t) => {
  const h = poolFor(t, { idleShutdownAfter: Infinity });
  const ask = h.ask();
  h.bootAll();
  await h.settle();
  ask.release();
  await h.clock.advance(1e9);
  assert.equal(h.pool.stats().idle, 1);
});

test("D5: a runner that retires is not leased from that instant on: the call that races with it gets another", async (t) => {
  const h = poolFor(t, { idleShutdownAfter: 500 });
  const first = h.ask();
  h.bootAll();
  await h.settle();
  first.release();
  await h.clock.advance(500);
  const racing = h.ask();
  assert.equal(racing.state, "waiting");
  assert.equal(h.runners.length, 2);
  h.runner(1).up();
  await h.settle();
  assert.equal(racing.runner, "r2");
});
