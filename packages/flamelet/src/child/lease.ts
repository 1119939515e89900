import type { Clock, Timer } from "../clock.ts";

/** A time to live that has to be renewed. */
export class Lease {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #lapsed: () => void;
  #timer: Timer;
  #renewed = false;

  /** Calls `lapsed` once, when nothing renewed it for `ms`. */
  constructor(clock: Clock, ms: number, lapsed: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#lapsed = lapsed;
    this.#timer = this.#arm();
  }

  renew(): void {
    this.#renewed = true;
    this.#timer.cancel();
    this.#timer = this.#arm();
  }

  #arm(): Timer {
    return this.#clock.setTimer(this.#ms, () => this.#due());
  }

  // When this process slept (it was stopped, or its machine suspended), the parent's bytes may lie there unread. They
  // get one round of the event loop before the lease is over.
  #due(): void {
    this.#renewed = false;
    setImmediate(() => {
      if (!this.#renewed) this.#lapsed();
    });
  }
}
