/** The life of one runner: how it boots, how often it is used, what its work may do to it, and when it goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeParentEnv, decodeParentEnv } from "../../src/child/parent-env.ts";
import { BootError, CallTimeoutError } from "../../src/errors.ts";
import { flame } from "../../src/index.ts";
import { prepare, workOf } from "../../src/prepare.ts";
import * as fns from "./fixtures/app.ts";
import { watch, worldFor } from "./world.ts";

test("R2: a runner boots once, serves call after call, and is retired, not lost, when it is let go", async (t) => {
  const world = worldFor(t, { max: 1 });
  const calls = [1, 2, 3].map((n) => watch(flame.call(world.pool, fns.add, n, n)));
  await world.settle();
  assert.deepEqual(
    calls.map((call) => call.value),
    [2, 4, 6],
  );
  const later = watch(flame.call(world.pool, fns.add, 4, 4));
  await world.settle();
  assert.equal(later.value, 8);
  const drained = watch(world.pool.drain());
  await world.settle();
  assert.equal(drained.state, "fulfilled");
  assert.deepEqual(world.happened, { boot: 1, lost: 0, retired: 1 });
  assert.equal(world.backend.machines.length, 1);
});

test("R3: what a backend says when it can make no machine is what the caller hears", async (t) => {
  const world = worldFor(t, { max: 1 });
  const refusal = new BootError("the account has no room for more", { failure: "config" });
  world.backend.misbehave = () => {
    throw refusal;
  };
  const call = watch(flame.call(world.pool, fns.add, 1, 1));
  await world.settle();
  assert.equal(call.error, refusal);
  assert.equal(refusal.outcome, "not-started");
  assert.equal(world.pool.stats().runners, 0);
});

test("R4: a machine that ends before it is ready fails its boot, with how it ended and its last words", async (t) => {
  const world = worldFor(t, { max: 1 });
  world.backend.misbehave = (spec, end) => {
    spec.onOutput("cannot reach the database", "stderr");
    end({ code: 3, signal: null });
  };
  const call = watch(flame.call(world.pool, fns.add, 1, 1));
  await world.settle();
  assert.ok(BootError.is(call.error));
  assert.equal(call.error.failure, "crash");
  assert.match(call.error.message, /runner r1 ended before it was ready \(exit code 3\)/);
  assert.match(call.error.message, /cannot reach the database/);
  assert.equal(world.pool.stats().runners, 0);
});

test("R6: a function that fails leaves its runner as it was: the same one serves the next call", async (t) => {
  const world = worldFor(t, { max: 1 });
  const failing = watch(flame.call(world.pool, fns.fail, 1));
  await world.settle();
  assert.ok(failing.error instanceof RangeError);
  const next = watch(flame.call(world.pool, fns.add, 1, 1));
  await world.settle();
  assert.equal(next.value, 2);
  assert.deepEqual(world.happened, { boot: 1, lost: 0, retired: 0 });
});

test("R8: a call that takes too long is rejected at its own timeout; its runner lives and serves the next call", async (t) => {
  const world = worldFor(t, { max: 1, timeout: 1000 });
  const until = flame.fn("runners/until", async () => {
    const signal = flame.context()?.signal as AbortSignal;
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  });
  const usual = watch(flame.call(world.pool, until));
  const short = watch(flame.call(world.pool.with({ timeout: 200 }), until));
  const long = watch(flame.call(world.pool.with({ timeout: 5000 }), until));
  await world.settle();
  const pending = (): string[] => [usual, short, long].map(({ state }) => state);
  await world.pass(199);
  assert.deepEqual(pending(), ["pending", "pending", "pending"]);
  await world.pass(1);
  assert.deepEqual(pending(), ["pending", "rejected", "pending"]);
  await world.pass(800);
  assert.deepEqual(pending(), ["rejected", "rejected", "pending"]);
  assert.ok(CallTimeoutError.is(usual.error));
  assert.match(usual.error.message, /runners\/until did not end within 1000 ms/);
  await world.pass(4000);
  assert.deepEqual(pending(), ["rejected", "rejected", "rejected"]);
  const next = watch(flame.call(world.pool, fns.add, 1, 1));
  await world.settle();
  assert.equal(next.value, 2);
  assert.deepEqual(world.happened, { boot: 1, lost: 0, retired: 0 });
});

test("R10: code over there keeps its runner, through any number of idle periods, for as long as it hands something out", async (t) => {
  const world = worldFor(t, { max: 1, idleShutdownAfter: 1000 });
  const busy = Promise.withResolvers<void>();
  const lease = flame.fn("runners/lease", async function* () {
    yield "busy";
    await busy.promise;
  });
  const chunks = flame.stream(world.pool, lease);
  watch(chunks.next());
  await world.pass(10_000);
  assert.equal(world.pool.stats().runners, 1);
  const end = watch(chunks.next());
  busy.resolve();
  await world.settle();
  assert.deepEqual(end.value, { done: true, value: undefined });
  await world.pass(999);
  assert.equal(world.pool.stats().runners, 1);
  await world.pass(1);
  assert.equal(world.pool.stats().runners, 0);
});

test("R12: no code is sent, at boot or with a call: a machine is told its parent, and a call names its function", async (t) => {
  const world = worldFor(t, { max: 1 });
  const marked = flame.fn("runners/marked", (n: number) => ["a mark in the source", n]);
  const call = watch(flame.call(world.pool, marked, 7));
  await world.settle();
  assert.deepEqual(call.value, ["a mark in the source", 7]);
  const spec = world.backend.specs[0];
  assert.deepEqual(Object.keys(spec?.env ?? {}), ["FLAME_PARENT"]);
  const parent = decodeParentEnv(spec?.env["FLAME_PARENT"] ?? "");
  assert.equal(encodeParentEnv(parent), spec?.env["FLAME_PARENT"]);
  const { local, fn, hash, values } = workOf(
    world.pool,
    prepare(world.pool, "call", marked as never),
    "value",
    [7],
    {},
  );
  assert.equal(local, null);
  assert.deepEqual({ fn, hash }, { fn: "runners/marked", hash: "" });
  assert.doesNotMatch(values.json, /mark/);
});
