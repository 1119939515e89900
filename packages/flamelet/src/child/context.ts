import { AsyncLocalStorage } from "node:async_hooks";

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

export function runInContext<T>(context: CallContext, run: () => T): T {
  return storage.run(context, run);
}
