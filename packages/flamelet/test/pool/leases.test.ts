/** A slot is given, waited for and given back; every acquire settles exactly once. */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { QueueFullError, QueueTimeoutError } from "../../src/errors.ts";
import { poolFor } from "./harness.ts";

test("a slot that is free is given at once, without a promise", (t) => {
  const h = poolFor(t, { min: 1 });
  h.bootAll();
  assert.equal(h.ask().sync, true);
});

test("never more than maxConcurrency slots of one runner are held", (t) => {
  const h = poolFor(t, { min: 1, max: 1, maxConcurrency: 3 });
  h.bootAll();
  const asks = h.asks(4);
  assert.deepEqual(
    asks.map((ask) => ask.state),
    ["leased", "leased", "leased", "waiting"],
  );
  assert.equal(h.pool.stats().inFlight, 3);
});

test("D10: a slot is free when it is released, and not when its caller loses interest", async (t) => {
  const h = poolFor(t, { min: 1, max: 1, maxConcurrency: 1 });
  h.bootAll();
  const caller = new AbortController();
  const held = h.ask({ signal: caller.signal });
  const next = h.ask();
  caller.abort();
  await h.clock.advance(1000);
  assert.equal(next.state, "waiting");
  held.release();
  await h.settle();
  assert.equal(next.state, "leased");
});

test("releasing twice frees one slot", (t) => {
  const h = poolFor(t, { min: 1, max: 1, maxConcurrency: 2 });
  h.bootAll();
  const [first] = h.asks(2);
  first?.release();
  first?.release();
  assert.equal(h.pool.stats().inFlight, 1);
});

test("D4: a runner's death frees its slots once, touches no other runner, and a late release does nothing", async (t) => {
  const h = poolFor(t, { min: 2, max: 2, maxConcurrency: 2, placement: "spread" });
  h.bootAll();
  const asks = h.asks(4);
  const waiting = h.asks(2);
  h.runner(0).lose();
  assert.equal(h.pool.stats().inFlight, 2);
  for (const ask of asks) if (ask.runner === "r1") ask.release();
  assert.equal(h.pool.stats().inFlight, 2);
  assert.deepEqual(h.runner(1).told, []);
  h.bootAll();
  await h.settle();
  assert.deepEqual(
    waiting.map((ask) => ask.runner),
    ["r3", "r3"],
  );
  assert.equal(h.pool.stats().inFlight, 4);
});

test("Q3: callers are served in the order in which they came", async (t) => {
  const h = poolFor(t, { max: 1, maxConcurrency: 1 });
  const asks = h.asks(8);
  h.bootAll();
  for (const [index, ask] of asks.entries()) {
    await h.settle();
    assert.deepEqual(
      asks.map(({ state }) => state),
      asks.map((_, other) => (other <= index ? "leased" : "waiting")),
    );
    ask.release();
  }
});

test("a newcomer does not overtake who waits", async (t) => {
  const h = poolFor(t, { max: 1, maxConcurrency: 1 });
  const held = h.ask();
  h.bootAll();
  await h.settle();
  const waiting = h.ask();
  held.release();
  const newcomer = h.ask();
  await h.settle();
  assert.equal(waiting.state, "leased");
  assert.equal(newcomer.state, "waiting");
});

test("keys take turns: one busy key does not hold up the others", async (t) => {
  const h = poolFor(t, { max: 1, maxConcurrency: 1 });
  const greedy = h.asks(50, { key: "greedy" });
  const modest = h.ask({ key: "modest" });
  const nobody = h.ask();
  h.bootAll();
  await h.settle();
  assert.equal(greedy[0]?.state, "leased", "it came first");
  greedy[0]?.release();
  await h.settle();
  assert.equal(modest.state, "leased");
  modest.release();
  await h.settle();
  assert.equal(nobody.state, "leased");
  assert.equal(greedy[1]?.state, "waiting");
});

test("aborting a queued call rejects it at once with the signal's reason, and forgets it", async (t) => {
  const h = poolFor(t, { max: 1 });
  const caller = new AbortController();
  const reason = new Error("the tab was closed");
  const ask = h.ask({ signal: caller.signal });
  assert.equal(getEventListeners(caller.signal, "abort").length, 1);
  caller.abort(reason);
  assert.equal(h.pool.stats().queued, 0);
  await h.settle();
  assert.equal(ask.error, reason);
  assert.equal(getEventListeners(caller.signal, "abort").length, 0);
});

test("a signal that was aborted before is not waited for, though a slot is free", async (t) => {
  const h = poolFor(t, { min: 1 });
  h.bootAll();
  const ask = h.ask({ signal: AbortSignal.abort("no") });
  await h.settle();
  assert.equal(ask.error, "no");
  assert.equal(h.pool.stats().inFlight, 0);
});

test("neither listener nor timer is left behind, however a call settles", async (t) => {
  const h = poolFor(t, { max: 1, maxConcurrency: 1, idleShutdownAfter: Infinity });
  const { signal } = new AbortController();
  const served = h.ask({ signal });
  const late = h.ask({ signal, queueTimeout: 10 });
  assert.equal(h.clock.pending, 2);
  h.bootAll();
  await h.clock.advance(10);
  assert.equal(served.state, "leased");
  assert.equal(late.state, "refused");
  assert.equal(getEventListeners(signal, "abort").length, 0);
  assert.equal(h.clock.pending, 0);
});

test("queueTimeout of the pool holds for who names none, and starts when the slot is asked for", async (t) => {
  const h = poolFor(t, { max: 1, maxConcurrency: 1, queueTimeout: 300 });
  h.ask();
  h.bootAll();
  await h.clock.advance(100);
  const ask = h.ask();
  const longer = h.ask({ queueTimeout: 301 });
  await h.clock.advance(299);
  assert.equal(ask.state, "waiting");
  await h.clock.advance(1);
  assert.ok(QueueTimeoutError.is(ask.error));
  assert.equal(
    ask.error.message,
    'pool "p" had no free slot within 300 ms (option queueTimeout): 1 runner is busy, max is 1',
  );
  assert.equal(longer.state, "waiting");
  await h.clock.advance(1);
  assert.equal(longer.state, "refused");
});

test("queueTimeout Infinity waits for ever", async (t) => {
  const h = poolFor(t, { max: 1, queueTimeout: Infinity, bootTimeout: Infinity });
  const ask = h.ask();
  await h.clock.advance(1e12);
  assert.equal(ask.state, "waiting");
});

test("maxQueue: one call more is refused at once; who leaves makes room", async (t) => {
  const h = poolFor(t, { max: 1, maxConcurrency: 1, maxQueue: 2 });
  const caller = new AbortController();
  h.ask({ signal: caller.signal });
  h.ask();
  const third = h.ask();
  await h.settle();
  assert.ok(QueueFullError.is(third.error));
  assert.equal(third.error.outcome, "not-started");
  caller.abort();
  assert.equal(h.ask().state, "waiting");
});

test("maxQueue 0: nobody waits, and a free slot is still given", async (t) => {
  const h = poolFor(t, { min: 1, max: 1, maxConcurrency: 1, maxQueue: 0 });
  h.bootAll();
  assert.equal(h.ask().state, "leased");
  const second = h.ask();
  await h.settle();
  assert.ok(QueueFullError.is(second.error));
});

test("D5: a call that was sent back goes elsewhere, before those that wait, and maxQueue does not count it", async (t) => {
  const h = poolFor(t, { max: 2, maxConcurrency: 1, maxQueue: 1 });
  const first = h.ask();
  h.bootAll();
  await h.settle();
  const second = h.ask();
  h.bootAll();
  await h.settle();
  const waiting = h.ask();
  first.release();
  await h.settle();
  assert.equal(waiting.runner, "r1");
  const other = h.ask();
  const sentBack = h.ask({ exclude: new Set(["r1"]) });
  waiting.release();
  await h.settle();
  assert.equal(other.runner, "r1", "a slot that the first in line may not have goes to the next");
  assert.equal(sentBack.state, "waiting");
  h.ask();
  second.release();
  await h.settle();
  assert.equal(sentBack.runner, "r2");
});

test("a call that excludes the only runner with a free slot boots another", async (t) => {
  const h = poolFor(t, { min: 1 });
  h.bootAll();
  const ask = h.ask({ exclude: new Set(["r1"]) });
  assert.equal(ask.state, "waiting");
  assert.equal(h.runners.length, 2);
  h.runner(1).up();
  await h.settle();
  assert.equal(ask.runner, "r2");
});

test("a runner that leaves gets no more leases, is drained with shutdownTimeout, and keeps the work that it has", async (t) => {
  const h = poolFor(t, { min: 1, max: 2, shutdownTimeout: 7000 });
  h.bootAll();
  const held = h.ask();
  h.runner(0).leave();
  h.runner(0).leave();
  assert.deepEqual(h.runner(0).told, ["drain 7000"]);
  assert.equal(h.pool.stats().inFlight, 1);
  const next = h.ask();
  h.runner(1).up();
  await h.settle();
  assert.equal(next.runner, "r2");
  held.release();
  held.release();
  assert.equal(h.pool.stats().inFlight, 1);
});

test("stats tell what is there at that instant", (t) => {
  const h = poolFor(t, { min: 2, max: 4, maxConcurrency: 1 });
  h.bootAll();
  h.asks(4);
  h.runner(0).leave();
  assert.deepEqual(h.pool.stats(), {
    runners: 4,
    booting: 2,
    ready: 1,
    idle: 0,
    draining: 1,
    standby: 0,
    inFlight: 2,
    queued: 2,
  });
});
