/**
 * What the types promise. Nothing here runs: `npm run typecheck` fails when a promise is broken, and each
 * `@ts-expect-error` fails when the mistake under it is let through.
 */
import { Readable } from "node:stream";
import { expectTypeOf } from "expect-type";
import { type Callback, type CallContext, flame, type Pool, type Remote } from "../../src/index.ts";
import type { CannotCross } from "../../src/types.ts";

declare const pool: Pool;

// --- call ---

expectTypeOf(flame.call(pool, () => 1)).toEqualTypeOf<Promise<number>>();
expectTypeOf(flame.call(pool, async () => "a")).toEqualTypeOf<Promise<string>>();
expectTypeOf(flame.call(pool, async () => {})).toEqualTypeOf<Promise<void>>();
expectTypeOf(flame.call(pool, () => new Map<string, Date>())).toEqualTypeOf<Promise<Map<string, Date>>>();
void flame.call(pool, ({ signal, runner }) => {
  expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
  expectTypeOf(runner.id).toEqualTypeOf<string>();
});
void flame.call(pool, () => 1, { signal: AbortSignal.timeout(5), timeout: 1, queueTimeout: 1, key: "a", retry: 1 });
// @ts-expect-error an unknown option
void flame.call(pool, () => 1, { timeOut: 5 });
// @ts-expect-error a timeout is a number
void flame.call(pool, () => 1, { timeout: "5s" });
// @ts-expect-error a pool is not its name
void flame.call("ffmpeg", () => 1);

// --- named functions ---

const probe = flame.fn("types/probe", async (path: string, deep?: boolean) => ({ path, deep, seconds: 1 }));
expectTypeOf(flame.call(pool, probe, "a.mp4"))
  .resolves.toHaveProperty("seconds")
  .toEqualTypeOf<number>();
void flame.call(pool, probe, "a.mp4", true);
void flame.call(pool.with({ timeout: 5 }), probe, "a.mp4");
expectTypeOf(probe("a.mp4")).resolves.toHaveProperty("path").toEqualTypeOf<string>();
// @ts-expect-error an argument of the wrong type
void flame.call(pool, probe, 1);
// @ts-expect-error an argument is missing
void flame.call(pool, probe);
// @ts-expect-error one argument too many
void flame.call(pool, probe, "a.mp4", true, 3);

// A callback gives a promise over there, whatever it gives here.
const ask = flame.fn("types/ask", async (question: (n: number) => Promise<string>, done?: () => void) => {
  done?.();
  return await question(1);
});
void flame.call(pool, ask, (n) => String(n));
void flame.call(
  pool,
  ask,
  async (n) => String(n),
  () => 5,
);
// @ts-expect-error a callback that gives something else
void flame.call(pool, ask, (n) => n);
const impatient = flame.fn("types/impatient", (question: () => number) => question() + 1);
// @ts-expect-error a function that wants its callback's value at once
void flame.call(pool, impatient, () => 1);

// --- cast ---

expectTypeOf(flame.cast(pool, () => 1)).toEqualTypeOf<void>();
expectTypeOf(flame.cast(pool, probe, "a")).toEqualTypeOf<void>();

// --- stream ---

async function* count(): AsyncGenerator<number> {
  yield 1;
}
expectTypeOf(flame.stream(pool, count)).toEqualTypeOf<AsyncGenerator<number, void, undefined>>();
expectTypeOf(flame.stream(pool, () => ["a", "b"])).toEqualTypeOf<AsyncGenerator<string, void, undefined>>();
expectTypeOf(flame.stream(pool, () => new ReadableStream<Uint8Array>())).toEqualTypeOf<
  AsyncGenerator<Uint8Array, void, undefined>
>();

// --- map ---

expectTypeOf(flame.map(pool, [1, 2], async (n) => String(n))).toEqualTypeOf<AsyncGenerator<string, void, undefined>>();
void flame.map(pool, new Set([1]), (n, context: CallContext) => n + context.runner.id.length, {
  concurrency: 2,
  ordered: false,
});
const double = flame.fn("types/double", (n: number) => n * 2);
expectTypeOf(flame.map(pool, [1], double)).toEqualTypeOf<AsyncGenerator<number, void, undefined>>();
// @ts-expect-error items that the function does not take
void flame.map(pool, ["a"], double);

// --- place ---

class Counter {
  #n = 0;
  label = "counter";
  add(by: number): number {
    this.#n += by;
    return this.#n;
  }
  async *each(): AsyncGenerator<number> {
    yield this.#n;
  }
  get value(): number {
    return this.#n;
  }
}
const counter = await flame.place(pool, () => new Counter());
expectTypeOf(counter).toEqualTypeOf<Remote<Counter>>();
expectTypeOf(counter.add).toEqualTypeOf<(by: number) => Promise<number>>();
expectTypeOf(counter.each()).toExtend<AsyncIterable<number>>();
expectTypeOf(counter.each()).resolves.toExtend<AsyncIterable<number>>();
expectTypeOf(counter[Symbol.asyncDispose]()).toEqualTypeOf<PromiseLike<void>>();
// @ts-expect-error fields do not cross
void counter.label;
// @ts-expect-error accessors do not cross
void counter.value;
// @ts-expect-error a method keeps its arguments
void counter.add("1");
// @ts-expect-error a placed child is an object
void flame.place(pool, () => 1);

// --- callbacks, references, streams ---

const onProgress = flame.callback((n: number) => n > 5);
expectTypeOf(onProgress).toEqualTypeOf<Callback<[n: number], boolean>>();
expectTypeOf(onProgress(1)).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(flame.call(pool, () => flame.ref(new Counter()))).toEqualTypeOf<Promise<Remote<Counter>>>();
expectTypeOf(flame.call(pool, () => Readable.from([]))).toEqualTypeOf<Promise<Readable>>();

// --- what the types can tell cannot cross ---

expectTypeOf(flame.call(pool, () => () => 1)).resolves.toEqualTypeOf<
  CannotCross<"a function; wrap it with flame.callback">
>();
expectTypeOf(flame.call(pool, () => Symbol("a"))).resolves.toEqualTypeOf<CannotCross<"a symbol">>();
expectTypeOf(flame.call(pool, () => new WeakMap<object, number>())).resolves.toEqualTypeOf<
  CannotCross<"a weak collection">
>();

// --- the pool ---

// @ts-expect-error an unknown option
flame.pool("types", { mx: 5 });
expectTypeOf(pool.ready).toEqualTypeOf<Promise<void>>();
expectTypeOf(pool.explain()).toEqualTypeOf<string>();
expectTypeOf(flame.isRunner).toEqualTypeOf<boolean>();
// @ts-expect-error the backend of a pool stays
pool.update({ backend: flame.backend.process() });
