import type { Clock } from "../world/clock.ts";

/** A signal that aborts with another one, or with `reason` after `ms`, whichever comes first. Dispose of it when done. */
export class Patience {
  readonly #controller = new AbortController();
  readonly #stop: () => void;

  constructor(clock: Clock, ms: number, outer: AbortSignal, reason: () => Error) {
    const follow = (): void => this.#controller.abort(outer.reason);
    const timer = clock.setTimer(ms, () => this.#controller.abort(reason()));
    outer.addEventListener("abort", follow);
    this.#stop = () => {
      timer.cancel();
      outer.removeEventListener("abort", follow);
    };
    if (outer.aborted) follow();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}

/** Resolves after `ms`, and rejects with the reason of `signal` when that aborts first. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return untilCalled((call) => {
    const timer = clock.setTimer(ms, call);
    return () => timer.cancel();
  }, signal);
}

/**
 * Resolves when something calls back, and rejects with the reason of `signal` when that aborts first.
 *
 * @param subscribe Gives what ends the subscription.
 */
export function untilCalled(subscribe: (call: () => void) => () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const stop = subscribe(() => {
      stop();
      signal.removeEventListener("abort", abort);
      resolve();
    });
    const abort = (): void => {
      stop();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort, { once: true });
  });
}
