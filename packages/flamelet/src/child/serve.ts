import { Readable } from "node:stream";
import type { Clock, Timer } from "../clock.ts";
import { CallTimeoutError, SerializationError } from "../errors.ts";
import { findFunction, onRegistered, originalStack, type RegisteredFunction } from "../registry.ts";
import type { IncomingCall } from "../session/calls.ts";
import { disposeOf } from "../session/exports.ts";
import { endUnread } from "../session/pump.ts";
import { ref } from "../wire/by-reference.ts";
import { toSerializationError, Unsendable } from "../wire/unsendable.ts";
import { Turns } from "./turns.ts";
import { beginInContext, type CallContext, contextEntrance, LazyContext } from "./context.ts";

/** How long a call waits for a function that a module registers late, after the app counted as loaded. */
const REGISTRATION_GRACE = 2_000;

export interface ServerOptions {
  readonly clock: Clock;
  readonly runner: { readonly id: string; readonly pool: string };
  /** Resolves when the app is loaded: until then, a function that is not there yet may still come. */
  readonly loaded: Promise<void>;
  /** Functions that are known here beside the registered ones. */
  readonly own?: ReadonlyMap<string, RegisteredFunction>;
  /** Loads the module of a function that no loaded one registers, where it can be found. Rejects with what it threw. */
  readonly load?: (id: string, hash: string) => Promise<void>;
}

/** Runs registered functions for a parent: the inside of a runner. */
export class Server {
  readonly #options: ServerOptions;
  #running = 0;
  readonly #turns: Turns<IncomingCall>;
  /** Calls that wait for their function: what sends each of them back. */
  readonly #waiting = new Set<() => void>();
  #draining = false;
  readonly #onIdle: (() => void)[] = [];

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock, (call) => this.#enter(call));
  }

  /** How many calls run here, or live on through what they handed out. */
  get running(): number {
    return this.#running;
  }

  /** Takes no new call from now on; `idle` is called once the running ones have ended. */
  drain(idle: () => void): void {
    this.#draining = true;
    for (const sendBack of this.#waiting) sendBack();
    for (const call of this.#turns.withdrawAll()) call.refuse("draining", LEAVING);
    this.#onIdle.push(idle);
    this.#settleIdle();
  }

  call(call: IncomingCall): void {
    if (this.#draining) return call.refuse("draining", LEAVING);
    if (this.#turns.add(call)) return;
    call.onCancel = () => {
      if (this.#turns.withdraw(call)) call.refuse("draining", LEAVING);
    };
  }

  #enter(call: IncomingCall): void {
    const fn = this.#options.own?.get(call.fn) ?? findFunction(call.fn);
    if (fn !== undefined) this.#start(call, fn);
    else this.#waitFor(call);
  }

  #start(call: IncomingCall, fn: RegisteredFunction): void {
    if (fn.hash !== call.hash) return call.refuse("build-mismatch", fn.hash);
    let values: { captures: unknown[]; args: unknown[] };
    try {
      values = call.values();
    } catch (error) {
      return call.refuse("values", messageOf(error));
    }
    this.#running += 1;
    const context = new Context(this.#options, call);
    call.onCancel = (reason) => context.abort(reason);
    call.onEnded = () => {
      context.stopClock();
      this.#running -= 1;
      this.#settleIdle();
    };
    call.start();
    this.#run(call, fn, values, context);
  }

  /** Not an async function: this runs for every call, and one such costs more than all that is done here. */
  #run(
    call: IncomingCall,
    fn: RegisteredFunction,
    { captures, args }: { captures: unknown[]; args: unknown[] },
    context: Context,
  ): void {
    let given: Promise<unknown>;
    try {
      const run = fn.make(...(captures as never[])) as (...args: unknown[]) => unknown;
      // An inline closure gets the context as its last argument; a named function has the arguments that it declares.
      given = Promise.resolve(beginInContext(context, run, fn.hash === "" ? args : [...args, context]));
    } catch (error) {
      return this.#failed(call, context, error);
    }
    given.then(
      (value) => this.#done(call, fn, context, value),
      (error: unknown) => this.#failed(call, context, error),
    );
  }

  #failed(call: IncomingCall, context: Context, error: unknown): void {
    context.stopClock();
    call.fail(context.timedOut ?? withOriginalStack(error));
  }

  #done(call: IncomingCall, fn: RegisteredFunction, context: Context, value: unknown): void {
    if (call.kind !== "value") {
      try {
        value = call.kind === "place" ? placed(value) : streamed(value, context);
      } catch (error) {
        return this.#failed(call, context, error);
      }
    }
    context.stopClock();
    try {
      // The caller's own clock rejects it in this very moment, and what ended just after its time must not win that race.
      if (context.timedOut !== null) return void this.#discard(call, value, context.timedOut);
      call.result(value);
    } catch (error) {
      const about = `the value of ${fn.id}`;
      call.fail(error instanceof Unsendable ? toSerializationError(error, about, fn.where, "unknown") : error);
    }
  }

  /** Ends what nobody will get. */
  async #discard(call: IncomingCall, value: unknown, reason: CallTimeoutError): Promise<void> {
    try {
      if (call.kind === "place") await disposeOf(value as object);
      else if (call.kind === "stream") await endUnread(value as object, reason);
    } catch {
      // It is told of its time, which came first.
    }
    call.fail(reason);
  }

  /** The function is not here (yet): its module may still be loading, or be about to. */
  #waitFor(call: IncomingCall): void {
    const { load } = this.#options;
    let over = false;
    let loading = false;
    let timer: Timer | null = null;
    const settle = (then: () => void): void => {
      if (over) return;
      over = true;
      timer?.cancel();
      forget();
      this.#waiting.delete(sendBack);
      then();
    };
    // Modules register their functions before anything else of them runs: it must not be entered before the rest has.
    const registered = (): void => {
      if (!loading) setImmediate(() => settle(() => this.call(call)));
    };
    const forget = onRegistered(call.fn, registered);
    const sendBack = (): void => settle(() => call.refuse("draining", LEAVING));
    this.#waiting.add(sendBack);
    call.onCancel = sendBack;
    const late = (): void => call.refuse("unknown-function", UNKNOWN);
    const failed = (error: unknown): void =>
      settle(() => call.refuse("unknown-function", `its module failed to load: ${messageOf(error)}`));
    const loaded = (): void => {
      if (over) return;
      if (load === undefined) return wait();
      // Its module is entered now: it has been evaluated, with all that it awaits, when that is over.
      loading = true;
      load(call.fn, call.hash).then(wait, failed);
    };
    const wait = (): void => {
      if (over) return;
      loading = false;
      if (findFunction(call.fn) !== undefined) return settle(() => this.call(call));
      timer = this.#options.clock.setTimer(REGISTRATION_GRACE, () => settle(late));
    };
    void this.#options.loaded.then(loaded, loaded);
  }

  #settleIdle(): void {
    if (!this.#draining || this.#running > 0) return;
    for (const idle of this.#onIdle.splice(0)) idle();
  }
}

const LEAVING = "the runner is on its way out";
const UNKNOWN =
  "no module that the runner loaded registers it, and none of its files seems to. Make sure that the module is imported when the app starts, also in a runner";

function withOriginalStack(error: unknown): unknown {
  if (error instanceof Error && typeof error.stack === "string") {
    const stack = originalStack(error.stack);
    if (stack !== error.stack) error.stack = stack;
  }
  return error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whatever can be iterated or read becomes an async iterable, whose code runs in the context of its call. */
function streamed(value: unknown, context: CallContext): object {
  if (value instanceof ReadableStream || value instanceof Readable) return value;
  if (typeof value === "object" && value !== null) {
    if (Symbol.asyncIterator in value) return inContext(value as AsyncIterable<unknown>, context);
    if (Symbol.iterator in value) return inContext(iterateAsync(value as Iterable<unknown>), context);
  }
  throw new SerializationError("flame.stream needs a function that gives an iterable or a readable stream", "", {
    outcome: "unknown",
  });
}

function inContext(source: AsyncIterable<unknown>, context: CallContext): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]: () => {
      const run = contextEntrance(context);
      const iterator = run(() => source[Symbol.asyncIterator]());
      const next = (): Promise<IteratorResult<unknown>> => iterator.next();
      return {
        next: () => run(next),
        return: async (value) => await run(async () => (await iterator.return?.(value)) ?? { done: true, value }),
      };
    },
  };
}

async function* iterateAsync(values: Iterable<unknown>): AsyncGenerator<unknown> {
  yield* values;
}

function placed(value: unknown): unknown {
  if (typeof value !== "object" || value === null)
    throw new SerializationError(
      `flame.place needs a function that gives an object, and got ${value === null ? "null" : typeof value}`,
      "",
      {
        outcome: "unknown",
      },
    );
  return ref(value);
}

/** The context of one call, and its clock. */
class Context extends LazyContext {
  #timer: Timer | null = null;
  /** Set when its time was over before it ended. */
  timedOut: CallTimeoutError | null = null;

  constructor({ clock, runner }: ServerOptions, call: IncomingCall) {
    super(runner);
    const ms = call.timeout;
    if (ms !== Infinity) this.#timer = clock.setTimer(ms, () => this.#timeOut(new CallTimeoutError(call.fn, ms)));
  }

  #timeOut(error: CallTimeoutError): void {
    this.timedOut = error;
    this.abort(error);
  }

  stopClock(): void {
    this.#timer?.cancel();
  }
}
