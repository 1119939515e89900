/** A pool that drains or closes settles everybody, lets go of every runner, and leaves nothing behind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OptionError, PoolClosedError } from "../../src/errors.ts";
import { Harness, poolFor } from "./harness.ts";

function flag(promise: Promise<void>): { done: boolean } {
  const state = { done: false };
  void promise.then(() => (state.done = true));
  return state;
}

test("drain: who waits is refused as not started, who runs ends, and it resolves when the last runner is gone", async () => {
  const h = new Harness({ min: 2, max: 2, maxConcurrency: 1, shutdownTimeout: 5000 });
  h.bootAll();
  const [held] = h.asks(2);
  const waiting = h.ask();
  const drained = flag(h.pool.drain());
  await h.settle();
  assert.ok(PoolClosedError.is(waiting.error));
  assert.equal(waiting.error.outcome, "not-started");
  assert.deepEqual(
    h.runners.map((runner) => runner.told),
    [["drain 5000"], ["drain 5000"]],
  );
  h.runner(0).retire();
  await h.clock.advance(1000);
  assert.equal(drained.done, false);
  held?.release();
  h.runner(1).retire();
  await h.settle();
  assert.equal(drained.done, true);
  assert.equal(h.clock.pending, 0);
});

test("drain: admission is closed at once, also for free slots and for ready()", async () => {
  const h = new Harness({ min: 1 });
  h.bootAll();
  const drained = h.pool.drain();
  const ask = h.ask();
  await h.settle();
  assert.ok(PoolClosedError.is(ask.error));
  assert.match(ask.error.message, /is draining and takes no more work/);
  await assert.rejects(h.pool.ready(), PoolClosedError);
  h.runner(0).retire();
  await drained;
  const late = h.ask();
  await h.settle();
  assert.match(String(late.error), /is closed and takes no more work/);
});

test("drain: boots are cancelled, ready() rejects, and nothing is booted to keep min", async () => {
  const h = new Harness({ min: 2 });
  h.runner(0).up();
  const ready = h.pool.ready();
  const drained = h.pool.drain();
  await assert.rejects(ready, PoolClosedError);
  assert.deepEqual(
    h.runners.map((runner) => runner.told.length),
    [1, 1],
  );
  h.runner(0).retire();
  h.runner(1).failBoot("transient", "cancelled");
  await drained;
  assert.equal(h.runners.length, 2);
  assert.equal(h.clock.pending, 0);
});

test("drain: what has not ended in time is killed, runners that drained before included", async () => {
  const h = new Harness({ min: 2, shutdownTimeout: 60_000 });
  h.bootAll();
  h.runner(0).leave();
  const drained = flag(h.pool.drain(1000));
  assert.deepEqual(h.runner(1).told, ["drain 1000"]);
  await h.clock.advance(999);
  assert.equal(h.runner(0).told.at(-1), "drain 60000");
  await h.clock.advance(1);
  for (const runner of h.runners) {
    assert.equal(runner.told.at(-1), "kill");
    if (!runner.over) runner.lose();
  }
  await h.settle();
  assert.equal(drained.done, true);
  assert.equal(h.clock.pending, 0);
});

test("drain: again is the same, and can only shorten the time", async () => {
  const h = new Harness({ min: 1 });
  h.bootAll();
  const first = h.pool.drain(10_000);
  void h.pool.drain();
  void h.pool.drain(100);
  void h.pool.drain(20_000);
  await h.clock.advance(100);
  assert.deepEqual(h.runner(0).told, ["drain 10000", "kill"]);
  h.runner(0).lose();
  await Promise.all([first, h.pool.drain(), h.pool.close()]);
  assert.equal(h.clock.pending, 0);
});

test("drain: of a pool without runners is over at once", async () => {
  const h = new Harness();
  await h.pool.drain();
  assert.equal(h.clock.pending, 0);
});

test("drain: Infinity waits for the work, however long it takes", async () => {
  const h = new Harness({ min: 1 });
  h.bootAll();
  const drained = flag(h.pool.drain(Infinity));
  assert.deepEqual(h.runner(0).told, ["drain Infinity"]);
  await h.clock.advance(1e9);
  assert.equal(drained.done, false);
  await h.end();
});

test("drain: a timeout that is none is an error, and nothing drains", async (t) => {
  const h = poolFor(t, { min: 1 });
  for (const wrong of [0, -1, NaN, "5" as unknown as number]) {
    assert.throws(() => h.pool.drain(wrong), OptionError);
  }
  assert.equal(h.pool.stats().draining, 0);
});

test("close: runners are killed, whatever they do", async () => {
  const h = new Harness({ min: 3 });
  h.runner(0).up();
  h.runner(1).up();
  h.runner(1).leave();
  h.ask();
  const closed = flag(h.pool.close());
  for (const runner of h.runners.slice(0, 3)) assert.equal(runner.told.at(-1), "kill");
  for (const runner of h.runners) if (!runner.over) runner.lose();
  await h.settle();
  assert.equal(closed.done, true);
  assert.equal(h.clock.pending, 0);
});

test("close: after drain does not wait any longer", async () => {
  const h = new Harness({ min: 1 });
  h.bootAll();
  h.ask();
  const drained = h.pool.drain();
  void h.pool.close();
  assert.deepEqual(h.runner(0).told, ["drain 30000", "kill"]);
  h.runner(0).lose();
  await drained;
  assert.equal(h.clock.pending, 0);
});

test("a lease that is released after the pool closed does nothing", async () => {
  const h = new Harness({ min: 1 });
  h.bootAll();
  const ask = h.ask();
  await h.end();
  ask.release();
  assert.equal(h.pool.stats().inFlight, 0);
  assert.equal(h.clock.pending, 0);
});

test("no timer is left by any part of the pool: idle wake-up, backoff, queue and drain", async () => {
  const h = new Harness({ min: 1, max: 3, maxConcurrency: 1, minIdleShutdownAfter: 1e6 });
  h.bootAll();
  h.asks(2, { queueTimeout: 5000 });
  h.runner(1).failBoot("capacity");
  assert.ok(h.clock.pending >= 2);
  await h.end();
});
