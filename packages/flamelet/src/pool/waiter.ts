import type { Clock, Timer } from "../clock.ts";
import type { RunnerControl } from "../runner/runner-control.ts";
import type { AcquireRequest, Lease } from "./lease.ts";

/** Who hears that a waiter will not wait any longer. */
export interface WaiterOwner<R extends RunnerControl> {
  timedOut(waiter: Waiter<R>): void;
  aborted(waiter: Waiter<R>, reason: unknown): void;
}

/** One call that waits for a slot. It is settled once, and holds neither timer nor listener afterwards. */
export class Waiter<R extends RunnerControl> {
  readonly key: string | undefined;
  readonly exclude: ReadonlySet<string> | undefined;
  readonly queueTimeout: number;
  readonly since: number;
  readonly promise: Promise<Lease<R>>;
  /** Takes it out of the queue that it is in. Set by whoever put it there. */
  leave: () => void = () => {};
  readonly #resolvers: PromiseWithResolvers<Lease<R>>;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | null = null;
  readonly #timer: Timer;

  constructor(request: AcquireRequest, queueTimeout: number, clock: Clock, owner: WaiterOwner<R>) {
    this.key = request.key;
    this.exclude = request.exclude;
    this.queueTimeout = queueTimeout;
    this.since = clock.now();
    this.#resolvers = Promise.withResolvers();
    this.promise = this.#resolvers.promise;
    const { signal } = request;
    if (signal !== undefined) {
      this.#signal = signal;
      this.#onAbort = () => owner.aborted(this, signal.reason);
      signal.addEventListener("abort", this.#onAbort);
    }
    this.#timer = clock.setTimer(queueTimeout, () => owner.timedOut(this));
  }

  /** It got a slot. */
  give(lease: Lease<R>): void {
    this.#rest();
    this.#resolvers.resolve(lease);
  }

  /** It will not get one. */
  refuse(error: unknown): void {
    this.#rest();
    this.#resolvers.reject(error);
  }

  #rest(): void {
    this.leave();
    if (this.#onAbort !== null) this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#timer.cancel();
  }
}
