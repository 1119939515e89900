/** The pool tells what it does and why, and who listens cannot disturb it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { poolFor } from "./harness.ts";

test("explain: size, reasons, who waits for what, and the last decisions with their ages", async (t) => {
  const h = poolFor(t, { min: 1, max: 2, maxConcurrency: 1 });
  h.bootAll();
  h.asks(2);
  h.bootAll();
  await h.clock.advance(1500);
  h.ask({ key: "acme" });
  h.ask({ exclude: new Set(["r1"]) });
  await h.clock.advance(250);
  assert.equal(
    h.pool.explain(),
    `Pool "p" has 2 of at most 2 runners: 0 booting, 2 ready (0 idle), 0 draining.
Slots held: 2, free: 0. Calls that wait: 2.
Slots missing: 2, at 1 to a runner: 2 runners are busy, max is 2.
min keeps 1 of its runners.

Waiting:
  a call has waited 250 ms for a slot other than of r1: 2 runners are busy, max is 2
  a call of key "acme" has waited 250 ms for a slot: 2 runners are busy, max is 2

Last decisions and events:
  1.8 s ago: r2 is ready after 0 ms
  1.8 s ago: boot r2: 1 call waits for a slot
  1.8 s ago: r1 is ready after 0 ms
  1.8 s ago: boot r1: min is 1 and 0 runners are ready or booting`,
  );
});

test("explain: each kind of decision and event is told with its reason", async (t) => {
  const h = poolFor(t, { max: 4, maxConcurrency: 1, idleShutdownAfter: 1000, buffer: 1 });
  const gone = new AbortController();
  const first = h.ask();
  h.bootAll();
  h.ask({ signal: gone.signal });
  await h.settle();
  h.runner(0).respond(false);
  h.runner(0).respond(true);
  gone.abort();
  h.pool.update({ max: 3, buffer: 0 });
  first.release();
  await h.clock.advance(1000);
  for (const runner of h.runners) if (!runner.over) runner.retire();
  h.ask();
  h.runners.at(-1)?.failBoot("capacity", "no room\nand a long story");
  const text = h.pool.explain();
  for (const expected of [
    "boot r1, r2: 1 call waits for a slot, buffer is 1 and no slot is free",
    "r1 does not answer",
    "r1 answers again",
    "options changed: max is 3, was 4, buffer is 0, was 1",
    "retire r1: it was idle for 1000 ms (option idleShutdownAfter), and min is 0",
    "r1 retired",
    "failed: no room",
    "the next boot is tried in 500 ms, the last boot failed: no room",
  ]) {
    assert.ok(text.includes(expected), `${expected}\n\nis not in\n\n${text}`);
  }
});

test("explain: a long queue is told in part, and the log is bounded", (t) => {
  const h = poolFor(t, { max: 1 });
  for (let i = 0; i < 100; i++) h.pool.update({ queueTimeout: 1000 + i });
  h.asks(30);
  const text = h.pool.explain();
  assert.match(text, /and 10 more/);
  assert.ok(text.split("\n").length < 90);
});

test("events tell each step of a runner's life", async (t) => {
  const h = poolFor(t, { min: 1, idleShutdownAfter: 1000 });
  h.listen("boot", "ready", "responsive", "draining", "retired", "lost", "decision", "closed");
  h.pool.update({ min: 0 });
  h.pool.update({ min: 1 });
  h.runner(0).retire();
  await h.clock.advance(40);
  h.runner(1).up();
  h.runner(1).respond(false);
  h.runner(1).leave("spot instance ends");
  h.runner(1).lose();
  await h.settle();
  const names = h.heard.map(([name, event]) => `${name} ${String(event?.["runner"] ?? event?.["runners"])}`);
  assert.deepEqual(names, [
    "draining r1",
    "decision r1",
    "boot r2",
    "decision r2",
    "retired r1",
    "ready r2",
    "responsive r2",
    "draining r2",
    "boot r3",
    "decision r3",
    "lost r2",
  ]);
  assert.equal(h.heard.find(([name]) => name === "ready")?.[1]?.["after"], 40);
});

test("D18: a listener that throws, or calls the pool, changes nothing", async (t) => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", onWarning);
  t.after(() => process.off("warning", onWarning));
  const h = poolFor(t, { max: 2, maxConcurrency: 1 });
  let inside = 0;
  h.pool.events.on("boot", () => {
    throw new Error("a hook of the user is broken");
  });
  h.pool.events.on("ready", () => {
    inside++;
    h.pool.update({ max: 3 });
  });
  const ask = h.ask();
  assert.equal(h.runners.length, 1);
  h.bootAll();
  assert.equal(inside, 0, "not inside of the step");
  await h.settle();
  assert.equal(inside, 1);
  assert.equal(ask.state, "leased");
  assert.equal(h.pool.options.max, 3);
  await h.settle();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /a listener of "boot" threw: Error: a hook of the user is broken/);
});

test("a runner that ends while it is told to drain or to be killed disturbs nothing", async (t) => {
  const h = poolFor(t, { min: 2, maxConcurrency: 1, idleShutdownAfter: 100 });
  h.bootAll();
  for (const runner of h.runners) runner.drain = () => runner.retire();
  h.pool.update({ min: 0 });
  await h.clock.advance(100);
  assert.equal(h.pool.stats().runners, 0);
  const ask = h.ask();
  h.bootAll();
  for (const runner of h.runners) runner.kill = () => runner.lose();
  await h.settle();
  assert.equal(ask.state, "leased");
  await h.pool.close();
});
