/** Who waits for a boot hears why it failed; what may heal is tried again, and not too often. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BootError, QueueTimeoutError } from "../../src/errors.ts";
import { poolFor } from "./harness.ts";

test("F3: the first boot fails, the next one serves the call that waited", async (t) => {
  const h = poolFor(t, { max: 1 });
  h.listen("bootFailed", "ready");
  const ask = h.ask();
  h.runner(0).failBoot("transient");
  assert.equal(ask.state, "waiting");
  assert.equal(h.runners.length, 1, "not at once");
  await h.clock.advance(500);
  assert.equal(h.runners.length, 2);
  h.runner(1).up();
  await h.settle();
  assert.equal(ask.runner, "r2");
  assert.deepEqual(
    h.heard.map(([name, event]) => [name, event?.["runner"]]),
    [
      ["bootFailed", "r1"],
      ["ready", "r2"],
    ],
  );
});

test("D11: a permanent failure reaches all who wait, at once, with its cause", async (t) => {
  for (const kind of ["config", "crash", "build", "auth"] as const) {
    const h = poolFor(t, { max: 1 });
    const asks = h.asks(7);
    const error = h.runner(0).failBoot(kind);
    await h.settle();
    for (const ask of asks) assert.equal(ask.error, error);
    assert.equal(h.pool.stats().queued, 0);
  }
});

test("D11: transient failures back off, are tried one at a time after three, and end with queueTimeout and the cause", async (t) => {
  const h = poolFor(t, { max: 5, maxConcurrency: 1, queueTimeout: 20_000 });
  const asks = h.asks(2);
  const starts: number[] = [];
  let error: BootError | undefined;
  for (let elapsed = 0; elapsed < 20_000; elapsed += 100) {
    for (const runner of h.runners) {
      if (runner.over) continue;
      starts.push(h.clock.now());
      error = runner.failBoot("capacity", "no room in fra");
    }
    await h.clock.advance(100);
  }
  assert.deepEqual(starts, [0, 0, 500, 500, 1500, 3500, 7500, 15_500]);
  for (const ask of asks) {
    assert.ok(QueueTimeoutError.is(ask.error));
    assert.equal(ask.error.cause, error);
    assert.match(ask.error.message, /the last boot failed: no room in fra/);
  }
});

test("the first success closes the breaker: all that is needed boots", async (t) => {
  const h = poolFor(t, { max: 5, maxConcurrency: 1 });
  h.asks(4);
  for (let i = 0; i < 4; i++) h.runner(i).failBoot("quota");
  await h.clock.advance(500);
  assert.equal(h.runners.length, 5, "one probe");
  h.runner(4).up();
  assert.equal(h.runners.length, 8);
});

test("a permanent failure does not reach who can be served by a runner that lives", async (t) => {
  const h = poolFor(t, { max: 2, maxConcurrency: 1 });
  const held = h.ask();
  h.bootAll();
  await h.settle();
  const waiting = h.ask();
  h.runner(1).failBoot("crash");
  await h.settle();
  assert.equal(waiting.state, "waiting");
  held.release();
  await h.settle();
  assert.equal(waiting.runner, "r1");
});

test("nor who can be served by another runner that boots; if that fails as well, it does", async (t) => {
  const h = poolFor(t, { max: 2, maxConcurrency: 1 });
  const asks = h.asks(2);
  h.runner(0).failBoot("crash");
  await h.settle();
  assert.deepEqual(
    asks.map((ask) => ask.state),
    ["waiting", "waiting"],
  );
  h.runner(1).failBoot("crash");
  await h.settle();
  assert.deepEqual(
    asks.map((ask) => ask.state),
    ["refused", "refused"],
  );
});

test("after a permanent failure arrivals fail with the same cause for a second, then the next one tries again", async (t) => {
  const h = poolFor(t, { max: 1 });
  h.ask();
  const error = h.runner(0).failBoot("config");
  await h.clock.advance(999);
  const early = h.ask();
  await h.settle();
  assert.equal(early.error, error);
  assert.equal(h.runners.length, 1);
  await h.clock.advance(1);
  const later = h.ask();
  assert.equal(h.runners.length, 2);
  h.runner(1).up();
  await h.settle();
  assert.equal(later.runner, "r2", "a config that was mended heals the pool");
});

test("an arrival tries again after a second also while others wait for a runner that lives", async (t) => {
  const h = poolFor(t, { max: 2, maxConcurrency: 1 }, () => 0.99);
  h.ask();
  h.bootAll();
  h.ask();
  h.runner(1).failBoot("crash");
  await h.clock.advance(1000);
  h.runner(2).failBoot("crash");
  await h.clock.advance(999);
  h.ask();
  assert.equal(h.runners.length, 3);
  await h.clock.advance(1);
  assert.equal(h.runners.length, 3, "by itself it waits for longer");
  h.ask();
  assert.equal(h.runners.length, 4);
});

test("who waits for a runner that then dies is refused when boots failed permanently only just now", async (t) => {
  const h = poolFor(t, { max: 2, maxConcurrency: 1 });
  h.ask();
  h.bootAll();
  const waiting = h.ask();
  const error = h.runner(1).failBoot("crash");
  await h.clock.advance(10);
  h.runner(0).lose();
  await h.settle();
  assert.equal(waiting.error, error);
});

test("who waits for a runner that then dies gets a boot at once when the permanent failure is old", async (t) => {
  const h = poolFor(t, { max: 2, maxConcurrency: 1 }, () => 0.99);
  h.ask();
  h.bootAll();
  const waiting = h.ask();
  h.runner(1).failBoot("crash");
  await h.clock.advance(1000);
  h.runner(2).failBoot("crash");
  await h.clock.advance(1500);
  assert.equal(h.runners.length, 3, "the wait after the second failure is nearly 2 s");
  h.runner(0).lose();
  await h.settle();
  assert.equal(waiting.state, "waiting");
  assert.equal(h.runners.length, 4);
});

test("min is tried again with a growing wait after permanent failures, without any demand", async (t) => {
  const h = poolFor(t, { min: 1 });
  const starts: number[] = [];
  for (let elapsed = 0; elapsed <= 8000; elapsed += 100) {
    const boot = h.runners.at(-1);
    if (boot?.over === false) {
      starts.push(h.clock.now());
      boot.failBoot("crash");
    }
    await h.clock.advance(100);
  }
  assert.deepEqual(starts, [0, 1000, 2000, 4000, 8000]);
});

test("ready: resolves when min runners are ready, at once when min is 0", async (t) => {
  const h = poolFor(t, { min: 2 });
  let ready = false;
  const promise = h.pool.ready().then(() => (ready = true));
  h.runner(0).up();
  await h.settle();
  assert.equal(ready, false);
  h.runner(1).up();
  await promise;
  await h.pool.ready();
  await poolFor(t, { min: 0 }).pool.ready();
});

test("ready: survives a transient failure and rejects with a permanent one", async (t) => {
  const h = poolFor(t, { min: 1 });
  const promise = h.pool.ready();
  h.runner(0).failBoot("capacity");
  await h.clock.advance(500);
  const error = h.runner(1).failBoot("crash");
  await assert.rejects(promise, error);
  await assert.rejects(h.pool.ready(), error);
});

test("a boot that could not even be started is a permanent failure, and breaks nothing", async (t) => {
  const h = poolFor(t, { max: 1 });
  h.startThrows = new TypeError("no such image");
  const ask = h.ask();
  await h.settle();
  assert.ok(BootError.is(ask.error));
  assert.match(ask.error.message, /could not be started: TypeError: no such image/);
  assert.equal(ask.error.cause, h.startThrows);
  h.startThrows = undefined;
  await h.clock.advance(1000);
  const next = h.ask();
  h.bootAll();
  await h.settle();
  assert.equal(next.state, "leased");
});

test("a boot that fails because it was cancelled is no failure", async (t) => {
  const h = poolFor(t, { max: 1 });
  const gone = new AbortController();
  h.ask({ signal: gone.signal });
  gone.abort();
  h.runner(0).failBoot("config", "cancelled");
  const next = h.ask();
  await h.settle();
  assert.equal(next.state, "waiting");
  assert.equal(h.runners.length, 2);
});
