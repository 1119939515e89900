/** The pool has as many runners as its demand, `min`, `max` and `buffer` ask for, whatever happens to them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { QueueTimeoutError } from "../../src/errors.ts";
import { poolFor } from "./harness.ts";

test("F1: min boots at once; no growth below the slots of a runner, growth above; at max callers queue and time out alone", async (t) => {
  const h = poolFor(t, { min: 1, max: 2, maxConcurrency: 2 });
  const ready = h.pool.ready();
  assert.equal(h.runners.length, 1);
  h.bootAll();
  await ready;
  const first = h.asks(2);
  assert.equal(h.runners.length, 1);
  const third = h.ask();
  assert.equal(h.runners.length, 2);
  h.runner(1).up();
  await h.settle();
  assert.equal(third.runner, "r2");
  const fourth = h.ask();
  const hasty = h.ask({ queueTimeout: 100 });
  const patient = h.ask();
  assert.equal(fourth.state, "leased");
  await h.clock.advance(100);
  assert.ok(QueueTimeoutError.is(hasty.error));
  assert.equal(hasty.error.outcome, "not-started");
  assert.equal(patient.state, "waiting");
  first[0]?.release();
  await h.settle();
  assert.equal(patient.runner, "r1");
  assert.equal(h.pool.stats().runners, 2);
});

test("F2: two calls while the only runner still boots both run on it", async (t) => {
  const h = poolFor(t, { min: 1, max: 2, maxConcurrency: 2 });
  const asks = h.asks(2);
  assert.equal(h.runners.length, 1);
  h.bootAll();
  await h.settle();
  assert.deepEqual(
    asks.map((ask) => ask.runner),
    ["r1", "r1"],
  );
});

test("F9: three calls on max 2 of one slot each: exactly two boots, and all run in order", async (t) => {
  const h = poolFor(t, { max: 2, maxConcurrency: 1 });
  h.listen("boot");
  const asks = h.asks(3);
  h.bootAll();
  await h.settle();
  assert.deepEqual(
    asks.map((ask) => ask.runner),
    ["r1", "r2", undefined],
  );
  asks[1]?.release();
  await h.settle();
  assert.equal(asks[2]?.runner, "r2");
  assert.equal(h.heard.length, 2);
});

test("boots are counted by the slots they bring: 7 calls at once on 2 slots each boot 4 runners, together", (t) => {
  const h = poolFor(t, { maxConcurrency: 2 });
  h.asks(7);
  assert.equal(h.runners.length, 4);
  assert.equal(h.pool.stats().booting, 4);
});

test("never more than max runners exist, those that drain included", async (t) => {
  const h = poolFor(t, { max: 2, maxConcurrency: 1 });
  const asks = h.asks(3);
  h.bootAll();
  h.runner(0).leave();
  assert.equal(h.pool.stats().runners, 2);
  assert.equal(h.runners.length, 2, "the one that leaves still exists");
  h.runner(0).retire();
  assert.equal(h.runners.length, 3);
  h.bootAll();
  await h.settle();
  assert.equal(asks[2]?.runner, "r3");
});

test("D1: callers that wait are served by a new runner when the only one dies", async (t) => {
  const h = poolFor(t, { max: 1, maxConcurrency: 1 });
  h.ask();
  h.bootAll();
  const waiting = h.ask();
  h.runner(0).lose();
  assert.equal(h.runners.length, 2, "the loss itself boots the next");
  h.bootAll();
  await h.settle();
  assert.equal(waiting.runner, "r2");
});

test("D2: a lost runner of min is replaced without any demand", (t) => {
  const h = poolFor(t, { min: 2 });
  h.bootAll();
  assert.equal(h.pool.stats().ready, 2);
  h.runner(0).lose();
  assert.equal(h.runners.length, 3);
  h.bootAll();
  assert.equal(h.pool.stats().ready, 2);
});

test("a lost runner that neither min nor demand needs is not replaced", (t) => {
  const h = poolFor(t, { maxConcurrency: 1 });
  h.asks(2);
  h.bootAll();
  h.runner(0).lose();
  assert.equal(h.runners.length, 2);
  assert.deepEqual(h.pool.stats().runners, 1);
});

test("D12: boots are cancelled when their callers gave up", async (t) => {
  const h = poolFor(t, { maxConcurrency: 1 });
  h.asks(3, { queueTimeout: 100 });
  assert.equal(h.pool.stats().booting, 3);
  await h.clock.advance(100);
  for (const runner of h.runners) assert.deepEqual(runner.told, ["drain 30000"]);
  const { booting, draining } = h.pool.stats();
  assert.deepEqual({ booting, draining }, { booting: 0, draining: 3 });
});

test("D12: only as many boots are cancelled as nobody needs, the newest first", (t) => {
  const h = poolFor(t, { maxConcurrency: 1, min: 1 });
  const gone = new AbortController();
  h.asks(2, { signal: gone.signal });
  h.ask();
  assert.equal(h.runners.length, 3);
  gone.abort();
  assert.deepEqual(
    h.runners.map((runner) => runner.told.length),
    [0, 1, 1],
  );
});

test("a cancelled boot that becomes ready all the same gets no work, and counts until it is gone", (t) => {
  const h = poolFor(t, { max: 1 });
  const gone = new AbortController();
  h.ask({ signal: gone.signal });
  gone.abort();
  h.runner(0).up();
  assert.equal(h.pool.stats().ready, 0);
  const next = h.ask();
  assert.equal(h.runners.length, 1);
  h.runner(0).retire();
  assert.equal(h.runners.length, 2);
  assert.equal(next.state, "waiting");
});

test("buffer keeps spare slots while the pool is active", async (t) => {
  const h = poolFor(t, { maxConcurrency: 2, buffer: 2 });
  assert.equal(h.runners.length, 0, "not while there is nothing to do");
  const ask = h.ask();
  assert.equal(h.runners.length, 2, "one slot for the call, two spare");
  h.bootAll();
  await h.settle();
  const spare = h.asks(2);
  assert.ok(spare.every(({ sync }) => sync));
  assert.equal(h.runners.length, 3);
  for (const { lease } of [ask, ...spare]) lease?.release();
  assert.deepEqual(
    h.runner(2).told,
    ["drain 30000"],
    "the boot for the buffer is cancelled when the pool comes to rest",
  );
});

test("a call takes a runner that answers rather than one that does not, and boots one rather than wait for it", async (t) => {
  const h = poolFor(t, { max: 2, maxConcurrency: 2 });
  h.ask();
  h.bootAll();
  h.runner(0).respond(false);
  const second = h.ask();
  assert.equal(second.state, "waiting");
  assert.equal(h.runners.length, 2);
  h.runner(1).up();
  await h.settle();
  assert.equal(second.runner, "r2");
  assert.equal(h.ask().runner, "r2", "though r1 is as full");
});

test("a runner that does not answer gets work when there is no other way, and is never taken for dead", async (t) => {
  const h = poolFor(t, { max: 1, maxConcurrency: 2 });
  h.ask();
  h.bootAll();
  h.runner(0).respond(false);
  const second = h.ask();
  await h.settle();
  assert.equal(second.runner, "r1");
  await h.clock.advance(600_000);
  assert.deepEqual(h.runner(0).told, []);
  assert.equal(h.pool.stats().ready, 1);
});

test("a runner that answers again serves who waits, and the boot in its place is cancelled", async (t) => {
  const h = poolFor(t, { max: 2, maxConcurrency: 2 });
  h.ask();
  h.bootAll();
  h.runner(0).respond(false);
  const second = h.ask();
  h.runner(0).respond(true);
  await h.settle();
  assert.equal(second.runner, "r1");
  assert.deepEqual(h.runner(1).told, ["drain 30000"]);
});

test("bootTimeout is handed to each boot, as it is at that time", (t) => {
  const h = poolFor(t, { bootTimeout: 1234, maxConcurrency: 1 });
  h.ask();
  h.pool.update({ bootTimeout: 999 });
  h.ask();
  assert.deepEqual(
    h.runners.map((runner) => runner.bootTimeout),
    [1234, 999],
  );
});

test("update: a higher max boots for who waits, at once", (t) => {
  const h = poolFor(t, { max: 1, maxConcurrency: 1 });
  h.asks(3);
  assert.equal(h.runners.length, 1);
  h.pool.update({ max: 5 });
  assert.equal(h.runners.length, 3);
});

test("update: a lower max drains the surplus at once, the least busy first, and nothing is cut short", async (t) => {
  const h = poolFor(t, { max: 3, maxConcurrency: 2, placement: "spread" });
  const asks = h.asks(6);
  h.bootAll();
  await h.settle();
  const onSecond = asks.find((ask) => ask.runner === "r2");
  onSecond?.release();
  h.pool.update({ max: 2 });
  assert.deepEqual(
    h.runners.map((runner) => runner.told),
    [[], ["drain 30000"], []],
  );
  assert.equal(h.pool.stats().inFlight, 5);
});

test("update: a higher min boots, a lower one lets the surplus idle out", async (t) => {
  const h = poolFor(t, { idleShutdownAfter: 1000 });
  h.pool.update({ min: 2 });
  assert.equal(h.runners.length, 2);
  h.bootAll();
  await h.clock.advance(5000);
  assert.equal(h.pool.stats().ready, 2);
  h.pool.update({ min: 1 });
  assert.equal(h.pool.stats().ready, 1);
});

test("update: maxConcurrency holds for runners that exist, in both directions", async (t) => {
  const h = poolFor(t, { max: 1, maxConcurrency: 2 });
  const held = h.asks(2);
  h.bootAll();
  const waiting = h.ask();
  h.pool.update({ maxConcurrency: 3 });
  await h.settle();
  assert.equal(waiting.state, "leased");
  h.pool.update({ maxConcurrency: 1 });
  const next = h.ask();
  held[0]?.release();
  held[1]?.release();
  await h.settle();
  assert.equal(next.state, "waiting", "one is still held, and one may be");
  waiting.release();
  await h.settle();
  assert.equal(next.state, "leased");
});

test("update: a wrong option throws and changes nothing", (t) => {
  const h = poolFor(t, { min: 1, max: 3 });
  assert.throws(() => h.pool.update({ max: 0, min: 2 }), /option "max" of pool "p" must be a whole number ≥ 1, got 0/);
  assert.throws(() => h.pool.update({ min: 4 }), /option "min" of pool "p" must be at most max \(3\), got 4/);
  assert.equal(h.pool.options.min, 1);
});
