/** What callers may rely on: errors, casts, placed children, and what a value hands out. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { QueueTimeoutError, RunnerLostError, SerializationError } from "../../src/errors.ts";
import { flame, type PoolOptions } from "../../src/index.ts";
import * as fns from "./fixtures/app.ts";
import { poolFor, until } from "./harness.ts";
import { watch, type World, worldFor } from "./world.ts";

/** One runner with two slots, which goes after a second of idleness. */
const SMALL: PoolOptions = { max: 1, maxConcurrency: 2, idleShutdownAfter: 1000, queueTimeout: 500 };

async function assertIdlesAway(world: World): Promise<void> {
  assert.equal(world.pool.stats().inFlight, 0);
  await world.pass(1000);
  assert.equal(world.pool.stats().runners, 0);
  assert.equal(world.happened.lost, 0);
}

/** Collects the process warnings of one test. */
function warnings(t: TestContext): string[] {
  const heard: string[] = [];
  const listener = (warning: Error): void => void heard.push(warning.message);
  process.on("warning", listener);
  t.after(() => process.off("warning", listener));
  return heard;
}

class Doubler {
  static alive = 0;
  constructor() {
    Doubler.alive += 1;
  }
  double(n: number): number {
    return 2 * n;
  }
  [Symbol.asyncDispose](): Promise<void> {
    Doubler.alive -= 1;
    return Promise.resolve();
  }
}
const makeDoubler = flame.fn("callers/makeDoubler", () => new Doubler());
const giveRef = flame.fn("callers/giveRef", () => ({ doubler: flame.ref(new Doubler()), n: 1 }));
const giveRefs = flame.fn("callers/giveRefs", () => [flame.ref(new Doubler()), flame.ref(new Doubler())]);
const giveStream = flame.fn("callers/giveStream", () => ({ body: new Blob(["hello"]).stream() }));

test("F5: a runner that dies rejects all calls that run on it, with who died and how, and kills no caller", async (t) => {
  const pool = poolFor(t, { max: 1 });
  const where = await flame.call(pool, fns.pid);
  const calls = [1, 2, 3].map(() => flame.call(pool, fns.sleep, 60_000));
  const settled = Promise.allSettled(calls);
  await until(() => pool.stats().inFlight === 3);
  process.kill(where, "SIGKILL");
  for (const outcome of await settled) {
    assert.equal(outcome.status, "rejected");
    assert.ok(RunnerLostError.is(outcome.reason));
    assert.equal(outcome.reason.outcome, "unknown");
    assert.match(String(outcome.reason.runner), /^conformance-\d+-1-/);
    assert.deepEqual(outcome.reason.exit, { code: null, signal: "SIGKILL" });
  }
  assert.equal(await flame.call(pool, fns.add, 1, 1), 2);
});

test("F6: an error of the function rejects its call and touches nothing else; then the runner idles away", async (t) => {
  const world = worldFor(t, SMALL);
  const call = watch(flame.call(world.pool, fns.fail, 7));
  await world.settle();
  assert.ok(call.error instanceof RangeError);
  assert.equal(call.error.message, "no luck with 7");
  assert.equal(world.pool.stats().ready, 1);
  await assertIdlesAway(world);
});

test("F6: a caller that goes, by its signal, ends its work over there; then the runner idles away", async (t) => {
  const world = worldFor(t, SMALL);
  const caller = new AbortController();
  let heard: unknown;
  const hears = flame.fn("callers/hears", async () => {
    const signal = flame.context()?.signal as AbortSignal;
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    heard = (signal.reason as Error).message;
  });
  const call = watch(flame.call(world.pool.with({ signal: caller.signal }), hears));
  await world.settle();
  caller.abort(new Error("the caller is gone"));
  await world.settle();
  assert.equal(call.error, caller.signal.reason);
  assert.equal(heard, "the caller is gone");
  await assertIdlesAway(world);
});

test("F7: a cast that throws does not hurt who made it; then the runner idles away", async (t) => {
  const heard = warnings(t);
  const world = worldFor(t, SMALL);
  assert.equal(flame.cast(world.pool, fns.fail, 3), undefined);
  await world.settle();
  assert.match(heard.join(), /a cast on pool "world" failed: RangeError: no luck with 3/);
  await assertIdlesAway(world);
});

test("F8: a cast gives nothing, at once; its function runs, and ends in its own time", async (t) => {
  const world = worldFor(t, SMALL);
  const life: string[] = [];
  const end = Promise.withResolvers<void>();
  const run = flame.fn("callers/cast", async () => {
    life.push("started");
    await end.promise;
    life.push("ended");
  });
  assert.equal(flame.cast(world.pool, run), undefined);
  assert.deepEqual(life, []);
  await world.settle();
  assert.deepEqual(life, ["started"]);
  end.resolve();
  await world.settle();
  assert.deepEqual(life, ["started", "ended"]);
  await assertIdlesAway(world);
});

test("F10: the error of a cast reaches who listens for it, as it was thrown", async (t) => {
  const heard = warnings(t);
  const world = worldFor(t, SMALL);
  const failed: unknown[] = [];
  world.pool.on("castFailed", ({ error }) => failed.push(error));
  flame.cast(world.pool, fns.fail, 4);
  await world.settle();
  assert.equal(failed.length, 1);
  assert.ok(failed[0] instanceof RangeError);
  assert.equal((failed[0] as unknown as { code: string }).code, "E_LUCK");
  assert.deepEqual(heard, []);
});

test("F11: a placed child works, holds one slot and its runner while it lives, and the other slots serve others", async (t) => {
  const world = worldFor(t, SMALL);
  const placing = watch(flame.place(world.pool, makeDoubler));
  await world.settle();
  const child = placing.value;
  assert.ok(child);
  await world.pass(5000);
  assert.deepEqual(world.pool.stats(), { ...world.pool.stats(), runners: 1, inFlight: 1 });
  flame.cast(world.pool, fns.add, 1, 1);
  const doubled = watch(child.double(21));
  await world.settle();
  assert.equal(doubled.value, 42);
  assert.equal(world.happened.boot, 1);
  const disposed = watch(child[Symbol.asyncDispose]());
  await world.settle();
  assert.equal(disposed.state, "fulfilled");
  assert.equal(Doubler.alive, 0);
  await assertIdlesAway(world);
});

test("F12: the death of a placed child's runner rejects what is asked of it, and disturbs nothing until it is asked", async (t) => {
  const pool = poolFor(t, { max: 1 });
  const child = await flame.place(pool, fns.makeHanging);
  const pending = child.hang();
  pending.catch(() => {});
  const where = await child.pid();
  process.kill(where, "SIGKILL");
  await assert.rejects(pending, (error) => RunnerLostError.is(error) && error.outcome === "unknown");
  await assert.rejects(child.pid(), (error) => RunnerLostError.is(error));
  await child[Symbol.asyncDispose]();
  await until(() => pool.stats().runners === 0);
});

test("F13: a placed child ends with its caller's signal, and then its runner idles away", async (t) => {
  const world = worldFor(t, SMALL);
  const caller = new AbortController();
  const placing = watch(flame.place(world.pool.with({ signal: caller.signal }), makeDoubler));
  await world.settle();
  const child = placing.value;
  assert.ok(child);
  caller.abort(new Error("the caller is gone"));
  const asked = watch(child.double(1));
  await world.settle();
  assert.equal(asked.error, caller.signal.reason);
  assert.equal(Doubler.alive, 0);
  await assertIdlesAway(world);
});

test("F13: a placed child without a signal outlives who placed it, and so does its runner, until it is disposed of", async (t) => {
  const world = worldFor(t, SMALL);
  const placing = watch(flame.place(world.pool, makeDoubler));
  await world.pass(60_000);
  assert.equal(Doubler.alive, 1);
  assert.equal(world.pool.stats().inFlight, 1);
  const disposed = watch(placing.value?.[Symbol.asyncDispose]() ?? Promise.reject(new Error("nothing was placed")));
  await world.settle();
  assert.equal(disposed.state, "fulfilled");
  await assertIdlesAway(world);
});

test("F14: refs are found wherever they are in a value, and all else of it is as it was", async (t) => {
  const world = worldFor(t, SMALL);
  const give = flame.fn("callers/deep", () => {
    const ref = (): unknown => flame.ref(new Doubler());
    return {
      list: [1, [ref()]],
      map: new Map<unknown, unknown>([
        ["value", ref()],
        [ref(), "key"],
      ]),
      set: new Set([ref()]),
      plain: { date: new Date(0), none: undefined },
    } as unknown;
  });
  const call = watch(flame.call(world.pool, give));
  await world.settle();
  type Found = { double(n: number): Promise<number> } & AsyncDisposable;
  const value = call.value as {
    list: [number, [Found]];
    map: Map<unknown, unknown>;
    set: Set<Found>;
    plain: unknown;
  };
  const key = [...value.map.keys()].find((one) => typeof one === "object");
  const found = [value.list[1][0], value.map.get("value"), key, [...value.set][0]] as Found[];
  const doubled = watch(Promise.all(found.map((one, i) => one.double(i))));
  await world.settle();
  assert.deepEqual(doubled.value, [0, 2, 4, 6]);
  assert.equal(value.list[0], 1);
  assert.deepEqual(value.plain, { date: new Date(0), none: undefined });
  watch(Promise.all(found.map((one) => one[Symbol.asyncDispose]())));
  await world.settle();
  await assertIdlesAway(world);
});

test("F15: a value that hands out nothing holds nothing: the slot is free with the result", async (t) => {
  const world = worldFor(t, { ...SMALL, maxConcurrency: 1 });
  const give = flame.fn("callers/plain", () => ({ doubler: { n: 1 }, bytes: new Uint8Array(3) }));
  const call = watch(flame.call(world.pool, give));
  await world.settle();
  assert.deepEqual(call.value, { doubler: { n: 1 }, bytes: new Uint8Array(3) });
  await assertIdlesAway(world);
});

test("F16: a ref holds its runner while it is in use; when it is disposed of, the runner idles away", async (t) => {
  const world = worldFor(t, SMALL);
  const call = watch(flame.call(world.pool, giveRef));
  await world.pass(60_000);
  const given = call.value;
  assert.ok(given);
  assert.equal(given.n, 1);
  assert.equal(world.pool.stats().inFlight, 1);
  const { doubler } = given as unknown as { doubler: { double(n: number): Promise<number> } & AsyncDisposable };
  const doubled = watch(doubler.double(4));
  await world.settle();
  assert.equal(doubled.value, 8);
  watch(doubler[Symbol.asyncDispose]());
  await world.settle();
  await assertIdlesAway(world);
});

test("F17: there is no switch to forget: a stream in a value holds the slot of its call until it is read", async (t) => {
  const world = worldFor(t, SMALL);
  const call = watch(flame.call(world.pool, giveStream));
  await world.pass(60_000);
  assert.ok(call.value);
  assert.equal(world.pool.stats().inFlight, 1);
  const text = watch(new Response(call.value.body).text());
  await world.settle();
  assert.equal(text.value, "hello");
  await assertIdlesAway(world);
});

test("F18: all refs of one call hold one slot until the last is disposed of; then who waits is served", async (t) => {
  const world = worldFor(t, { ...SMALL, maxConcurrency: 1 });
  const call = watch(flame.call(world.pool, giveRefs));
  await world.settle();
  const [first, second] = call.value as unknown as AsyncDisposable[];
  assert.ok(first && second);
  assert.equal(world.pool.stats().inFlight, 1);
  const hasty = watch(flame.call(world.pool, fns.add, 1, 1));
  watch(first[Symbol.asyncDispose]());
  await world.pass(500);
  assert.ok(QueueTimeoutError.is(hasty.error));
  const patient = watch(flame.call(world.pool, fns.add, 1, 1));
  await world.settle();
  assert.equal(patient.state, "pending");
  watch(second[Symbol.asyncDispose]());
  await world.settle();
  assert.equal(patient.value, 2);
  await assertIdlesAway(world);
});

test("D9: a placed child that cannot be made rejects with why, as it was thrown, and holds nothing", async (t) => {
  const world = worldFor(t, SMALL);
  const throws = flame.fn("callers/throws", (): object => {
    throw new RangeError("no such device");
  });
  const rejects = flame.fn("callers/rejects", () => Promise.reject<object>(new TypeError("not today")));
  const nothing = flame.fn("callers/nothing", () => null as unknown as object);
  const placings = [throws, rejects, nothing].map((make) => watch(flame.place(world.pool, make)));
  await world.settle();
  assert.ok(placings[0]?.error instanceof RangeError && placings[0].error.message === "no such device");
  assert.ok(placings[1]?.error instanceof TypeError && placings[1].error.message === "not today");
  assert.ok(SerializationError.is(placings[2]?.error));
  assert.match(placings[2].error.message, /needs a function that gives an object, and got null/);
  await assertIdlesAway(world);
});

test("D10: work whose caller is gone keeps its slot until it has ended, on a real runner as well", async (t) => {
  const pool = poolFor(t, { max: 1, maxConcurrency: 1 });
  const caller = new AbortController();
  const started = Promise.withResolvers<number>();
  const orphan = flame.call(pool.with({ signal: caller.signal }), fns.ignores, started.resolve);
  orphan.catch(() => {});
  const where = await started.promise;
  const next = flame.call(pool, fns.running);
  caller.abort();
  await assert.rejects(orphan, { name: "AbortError" });
  const hasty = flame.call(pool.with({ queueTimeout: 200 }), fns.running);
  await assert.rejects(hasty, (error) => QueueTimeoutError.is(error));
  process.kill(where, "SIGUSR2");
  assert.equal(await next, 0, "nothing else ran when it started");
});

test("D10: a function that calls home without waiting, and whose caller goes, harms nobody else on its runner", async (t) => {
  const pool = poolFor(t, { max: 1, maxConcurrency: 50 });
  const where = await flame.call(pool, fns.pid);
  const beside = flame.call(pool, fns.sleep, 500);
  for (let i = 0; i < 40; i++) {
    const caller = new AbortController();
    const called = Promise.withResolvers<void>();
    const call = flame.call(pool.with({ signal: caller.signal }), fns.reports, () => called.resolve());
    call.catch(() => {});
    await called.promise;
    caller.abort();
    await assert.rejects(call, { name: "AbortError" });
  }
  await beside;
  await until(() => pool.stats().inFlight === 0);
  assert.equal(await flame.call(pool, fns.pid), where);
});
