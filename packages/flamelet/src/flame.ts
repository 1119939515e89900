import { createPool, shutdown } from "./app.ts";
import { autoBackend } from "./backends/auto.ts";
import { inlineBackend } from "./backends/inline.ts";
import { processBackend } from "./backends/process.ts";
import { runnerParent } from "./child/boot.ts";
import { type CallContext, currentContext } from "./child/context.ts";
import type { RunnerParent } from "./child/parent-env.ts";
import { dispatch } from "./dispatch.ts";
import { OptionError } from "./errors.ts";
import { mapOver } from "./map.ts";
import { type CallOptions, type MapOptions, type PoolOptions, checkCallOptions } from "./options.ts";
import type { Pool } from "./pool-handle.ts";
import { callSite, prepare, type Verb, workOf } from "./prepare.ts";
import { describeClosure, findFunction, registerFunction } from "./registry.ts";
import type { Work } from "./runner/work.ts";
import type { CallKind } from "./session/calls.ts";
import type { Callback, Chunks, Closure, GivenAll, NamedFunction, Ref, Remote, Returned } from "./types.ts";
import { callback as markCallback, ref as markRef } from "./wire/by-reference.ts";
import { decodeKey, defineCodec, encodeKey } from "./wire/class-codecs.ts";

type AnyFunction = (...args: never[]) => unknown;

/**
 * Makes a pool: a named, elastic set of copies of this app. Make it once, at module scope, and share it. Nothing boots
 * before the first call, unless `min` says so.
 *
 * @throws OptionError naming the option, what it must be and what it got.
 */
function pool(name: string, options: PoolOptions = {}): Pool {
  return createPool(name, options);
}

/**
 * Runs a function on a runner of the pool, and gives its value.
 *
 * Rejects with the function's own error, with `signal.reason` when the call is cancelled, or with a `FlameError`.
 * It runs at most once, unless `retry` allows more.
 */
function call<A extends unknown[], R>(pool: Pool, fn: NamedFunction<A, R>, ...args: GivenAll<A>): Promise<Returned<R>>;
function call<R>(pool: Pool, fn: Closure<R>, options?: CallOptions): Promise<Returned<R>>;
function call(pool: Pool, fn: AnyFunction, ...rest: unknown[]): Promise<unknown> {
  return start(pool, "call", "value", fn, rest);
}

/**
 * Runs a function on a runner of the pool and does not wait for it. An error of it is told by the pool's `castFailed`
 * event, or as a process warning when nobody listens.
 */
function cast<A extends unknown[], R>(pool: Pool, fn: NamedFunction<A, R>, ...args: GivenAll<A>): void;
function cast<R>(pool: Pool, fn: Closure<R>, options?: CallOptions): void;
function cast(pool: Pool, fn: AnyFunction, ...rest: unknown[]): void {
  start(pool, "cast", "value", fn, rest).catch((error: unknown) => pool.castFailed(error));
}

/**
 * Runs a function that gives a stream (an async generator, a readable stream, any iterable) and gives its chunks as they
 * come. What it captures is read now; it starts when the first chunk is asked for, runs ahead of a slow reader by a bounded amount, and is
 * ended when the reader stops. `timeout` is off unless given, and then bounds the whole stream.
 */
function stream<A extends unknown[], R>(
  pool: Pool,
  fn: NamedFunction<A, R>,
  ...args: GivenAll<A>
): AsyncGenerator<Chunks<R>, void, undefined>;
function stream<R>(pool: Pool, fn: Closure<R>, options?: CallOptions): AsyncGenerator<Chunks<R>, void, undefined>;
function stream(pool: Pool, fn: AnyFunction, ...rest: unknown[]): AsyncGenerator<unknown, void, undefined> {
  const { work, options } = ready(pool, "stream", "stream", fn, rest);
  return (async function* () {
    yield* (await dispatch(pool, work, options)) as AsyncIterable<unknown>;
  })();
}

/**
 * Runs a function for each item, many at a time, and gives the values as an async iterable: in the order of the items, or
 * with `ordered: false` as they are done. The first failure ends it and cancels the rest.
 */
function map<I, R>(
  pool: Pool,
  items: Iterable<I> | AsyncIterable<I>,
  fn: NamedFunction<[item: I], R>,
  options?: MapOptions,
): AsyncGenerator<Returned<R>, void, undefined>;
function map<I, R>(
  pool: Pool,
  items: Iterable<I> | AsyncIterable<I>,
  fn: (item: I, context: CallContext) => R,
  options?: MapOptions,
): AsyncGenerator<Returned<R>, void, undefined>;
function map(
  pool: Pool,
  items: Iterable<unknown> | AsyncIterable<unknown>,
  fn: AnyFunction,
  options: MapOptions = {},
): AsyncGenerator<unknown, void, undefined> {
  return mapOver(pool, items, fn, options);
}

/**
 * Makes an object on a runner and keeps it there: a placed child. What comes back has its methods, each asynchronous. It
 * holds one slot until it is disposed of (`await using`), which also disposes of the object over there.
 */
function place<T extends object>(pool: Pool, fn: Closure<T | Promise<T>>, options?: CallOptions): Promise<Remote<T>>;
function place<A extends unknown[], T extends object>(
  pool: Pool,
  fn: NamedFunction<A, T | Promise<T>>,
  ...args: GivenAll<A>
): Promise<Remote<T>>;
function place(pool: Pool, fn: AnyFunction, ...rest: unknown[]): Promise<never> {
  return start(pool, "place", "place", fn, rest) as Promise<never>;
}

/** What the verbs share: checks and reads everything now, and gives what is then dispatched. */
function ready(
  pool: Pool,
  verb: Verb,
  kind: CallKind,
  fn: AnyFunction,
  rest: unknown[],
): { readonly work: Work; readonly options: CallOptions } {
  const prepared = prepare(pool, verb, fn);
  const named = prepared.info.hash === "";
  // A closure is followed by options, a named function by its arguments.
  const given = named ? undefined : (rest[0] as CallOptions | undefined);
  const options = given === undefined ? pool.callDefaults : { ...pool.callDefaults, ...given };
  if (given !== undefined) checkCallOptions(`flame.${verb}`, options);
  const work = workOf(pool, prepared, kind, named ? rest : [], options);
  return { work, options };
}

/** As `ready`, and runs it: whatever is wrong rejects. */
function start(pool: Pool, verb: Verb, kind: CallKind, fn: AnyFunction, rest: unknown[]): Promise<unknown> {
  try {
    const { work, options } = ready(pool, verb, kind, fn, rest);
    return dispatch(pool, work, options);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Gives a function a name by which runners know it, so that it can run there without the closure compiler. Use it at module
 * scope, where a copy of the app comes by too. It stays an ordinary function otherwise.
 */
function fn<A extends unknown[], R>(id: string, run: (...args: A) => R): NamedFunction<A, R> {
  if (typeof id !== "string" || id === "" || id.length > 200 || id.includes("#"))
    throw new OptionError(
      `the id of a named function must be 1 to 200 characters without "#", got ${JSON.stringify(id)}`,
    );
  if (typeof run !== "function") throw new OptionError(`flame.fn("${id}") needs a function, got ${typeof run}`);
  const where = callSite(fn);
  const file = where.replace(/:\d+:\d+$/, "");
  const known = findFunction(id);
  // The same file again is a hot reload; another file is a mistake that would run the wrong function.
  if (known !== undefined && known.where.replace(/:\d+:\d+$/, "") !== file)
    throw new OptionError(`there is a function "${id}" already, at ${known.where}; this one is at ${where}`);
  const entry = { id, hash: "", captures: [], where };
  registerFunction({ ...entry, make: () => run as never });
  describeClosure(run, { ...entry, read: () => [] });
  return run as NamedFunction<A, R>;
}

/**
 * Wraps a function that stays here and is called from the other side: to be captured by a closure, returned, or passed
 * along. Calling it takes time, so what it gives is a promise.
 */
function callback<A extends unknown[], R>(run: (...args: A) => R): Callback<A, R> {
  if (typeof run !== "function") throw new OptionError(`flame.callback needs a function, got ${typeof run}`);
  return markCallback(async (...args: A) => await run(...args)) as Callback<A, R>;
}

/**
 * Returns an object by reference: it stays on the runner, and the caller gets its methods. It holds the slot of its call
 * until it is disposed of or its session ends.
 */
function ref<T extends object>(object: T): Ref<T> {
  return markRef(object) as unknown as Ref<T>;
}

/** The verbs of flamelet, and what belongs to them. */
export const flame: Flame = {
  pool,
  call,
  cast,
  stream,
  map: map as Flame["map"],
  place,
  fn,
  callback,
  ref,
  codec: Object.assign(defineCodec, { encode: encodeKey, decode: decodeKey }) as Flame["codec"],
  context: currentContext,
  shutdown,
  backend: { auto: autoBackend, inline: inlineBackend, process: processBackend },
  get isRunner(): boolean {
    return runnerParent() !== null;
  },
  get parent(): RunnerParent | null {
    return runnerParent();
  },
};

/** See the members. */
export interface Flame {
  readonly pool: typeof pool;
  readonly call: typeof call;
  readonly cast: typeof cast;
  readonly stream: typeof stream;
  readonly map: typeof map;
  readonly place: typeof place;
  readonly fn: typeof fn;
  readonly callback: typeof callback;
  readonly ref: typeof ref;
  /**
   * Says how instances of a class cross: `flame.codec(Money, { name: "Money", encode, decode })`. A class that
   * has static methods `[flame.codec.encode]` and `[flame.codec.decode]` needs no second argument.
   */
  readonly codec: typeof defineCodec & {
    readonly encode: typeof encodeKey;
    readonly decode: typeof decodeKey;
  };
  /** The context of the call that is running, or null outside of one: how a named function gets at its signal. */
  readonly context: () => CallContext | null;
  /** Drains every pool. SIGTERM and SIGINT do this by themselves, before the app's own listeners run. */
  readonly shutdown: () => Promise<void>;
  /** What provisions runners. */
  readonly backend: {
    /** The backend that fits where this process runs. The default. */
    readonly auto: typeof autoBackend;
    /** No other process at all: for unit tests. */
    readonly inline: typeof inlineBackend;
    /** Copies of this app as processes of this host. */
    readonly process: typeof processBackend;
  };
  /** Whether this process is a runner: a temporary copy of the app, which should not start its web server. */
  readonly isRunner: boolean;
  /** In a runner, what it is a runner of; elsewhere null. */
  readonly parent: RunnerParent | null;
}
