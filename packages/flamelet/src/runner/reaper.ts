import type { Backend } from "../backends/backend.ts";
import type { Clock, Timer } from "../clock.ts";

/** How long between two looks, in ms, half of it up to once and a half: parents that started together do not look together. */
const INTERVAL = 300_000;

/**
 * Destroys the machines whose parent is gone, whichever parent that was. A runner ends by itself when its lease does; this is
 * for what never ran, or stays behind when it has ended. What it cannot find out or destroy, it leaves to the next time.
 */
export class Reaper {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #random: () => number;
  #timer: Timer | null = null;
  #users = 0;

  constructor(backend: Backend, clock: Clock, random: () => number) {
    this.#backend = backend;
    this.#clock = clock;
    this.#random = random;
  }

  /** Looks from time to time until the last that started it stops it. */
  start(): Disposable {
    this.#users += 1;
    if (this.#users === 1) this.#arm();
    let stopped = false;
    const stop = (): void => {
      if (stopped) return;
      stopped = true;
      this.#users -= 1;
      if (this.#users === 0) this.#timer?.cancel();
    };
    return { [Symbol.dispose]: stop };
  }

  #arm(): void {
    if (this.#backend.orphans === undefined) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(INTERVAL * (0.5 + this.#random()), () => {
      void this.#sweep().finally(() => {
        if (this.#users > 0) this.#arm();
      });
    });
  }

  async #sweep(): Promise<void> {
    try {
      const orphans = (await this.#backend.orphans?.()) ?? [];
      await Promise.allSettled(orphans.map((orphan) => this.#backend.destroy(orphan)));
    } catch {
      // The provider does not answer, or not to us. There is nobody who could do anything about it.
    }
  }
}

const reapers = new WeakMap<Backend, Reaper>();

/** The one reaper that a backend has in this process. */
export function reaperFor(backend: Backend, clock: Clock, random: () => number): Reaper {
  let reaper = reapers.get(backend);
  if (reaper === undefined) reapers.set(backend, (reaper = new Reaper(backend, clock, random)));
  return reaper;
}
