import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";

/** What a function knows of the call that runs it. */
export interface CallContext {
  /**
   * Aborts when the caller's signal does, when the call's `timeout` is over, or when the parent is gone. Work that goes
   * on regardless makes its runner drain, and be killed if need be.
   */
  readonly signal: AbortSignal;
  /** Where it runs. */
  readonly runner: { readonly id: string; readonly pool: string };
}

/** A context whose signal is made when somebody looks at it: most functions never do. */
export class LazyContext implements CallContext {
  readonly runner: { readonly id: string; readonly pool: string };
  #controller: AbortController | null = null;
  #aborted: { readonly reason: unknown } | null = null;

  constructor(runner: { readonly id: string; readonly pool: string }) {
    this.runner = runner;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted !== null) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }
}

const storage = new AsyncLocalStorage<CallContext>();

/** The context of the call that is running here, or null outside of one. */
export function currentContext(): CallContext | null {
  return storage.getStore() ?? null;
}

/** Runs a function so that it, and all that it starts, finds `context`. */
export function runInContext<A extends unknown[], T>(context: CallContext, run: (...args: A) => T, args: A): T {
  return storage.run(context, run, ...args);
}

/** Outside of any call. Its scope also leads back to where it was entered from, which `run` can only do by a second copy of all stores. */
const outside = new AsyncResource("flamelet call");

/** As `runInContext`, for a function that begins something new: it finds nothing else of whoever happens to start it. */
export function beginInContext<A extends unknown[], T>(context: CallContext, run: (...args: A) => T, args: A): T {
  return outside.runInAsyncScope(enter, undefined, context, run, args) as T;
}

function enter<A extends unknown[], T>(context: CallContext, run: (...args: A) => T, args: A): T {
  storage.enterWith(context);
  return run(...args);
}

/** Gives what runs functions in this context, any number of times: that it is entered often costs nothing more. */
export function contextEntrance(context: CallContext): <T>(run: () => T) => T {
  return runInContext(context, () => AsyncLocalStorage.snapshot(), []);
}
