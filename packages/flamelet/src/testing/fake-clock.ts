import type { Clock, Timer } from "../clock.ts";

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that stands still until it is told to advance. Timers fire in order of their time, then of their creation. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers = new Set<Entry>();

  now(): number {
    return this.#now;
  }

  setTimer(ms: number, fn: () => void): Timer {
    const entry: Entry = { at: this.#now + ms, order: this.#order++, fn };
    if (ms !== Infinity) this.#timers.add(entry);
    return { cancel: () => void this.#timers.delete(entry) };
  }

  /** How many timers are armed. A test that ends with any has a leak. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer fires, or `Infinity`. */
  get next(): number {
    return Math.min(Infinity, ...[...this.#timers].map((entry) => entry.at));
  }

  /** Moves time on by `ms`, firing each timer at its own instant and letting promise reactions run after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let entry = this.#due(end); entry !== undefined; entry = this.#due(end)) {
      this.#timers.delete(entry);
      this.#now = Math.max(this.#now, entry.at);
      entry.fn();
      await settle();
    }
    this.#now = end;
  }

  /** Moves time on by `ms` as code does that does not wait for anything: nothing fires meanwhile. */
  work(ms: number): void {
    this.#now += ms;
  }

  #due(end: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#timers) {
      if (entry.at > end) continue;
      if (first === undefined || entry.at < first.at || (entry.at === first.at && entry.order < first.order))
        first = entry;
    }
    return first;
  }
}

/** Lets all promise reactions that are due, and those that they cause, run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
