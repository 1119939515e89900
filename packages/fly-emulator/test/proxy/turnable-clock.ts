import type { Clock, Timer } from "../../src/world/clock.ts";

interface Entry {
  readonly due: number;
  readonly fn: () => void;
  handle: NodeJS.Timeout | null;
}

/** The real clock, which a test can turn forward: for passes that come every few minutes beside processes that are real. */
export class TurnableClock implements Clock {
  readonly #entries = new Set<Entry>();
  #offset = 0;

  now(): number {
    return Date.now() + this.#offset;
  }

  setTimer(ms: number, fn: () => void): Timer {
    if (ms === Infinity) return { cancel() {} };
    const entry: Entry = { due: this.now() + ms, fn, handle: null };
    entry.handle = setTimeout(() => this.#fire(entry), ms);
    entry.handle.unref();
    this.#entries.add(entry);
    return { cancel: () => this.#forget(entry) };
  }

  /** Makes it later by that much, and fires what is due by then. */
  turn(ms: number): void {
    this.#offset += ms;
    const due = [...this.#entries].filter((entry) => entry.due <= this.now());
    for (const entry of due.sort((a, b) => a.due - b.due)) this.#fire(entry);
  }

  #fire(entry: Entry): void {
    if (!this.#entries.has(entry)) return;
    this.#forget(entry);
    entry.fn();
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry);
    if (entry.handle !== null) clearTimeout(entry.handle);
  }
}
