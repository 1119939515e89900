import type { Clock, Timer } from "./clock.ts";

/**
 * A clock whose timers of one duration share one timer of the clock below. Those that are set first are due first, so a
 * list of them in that order is all there is to keep: thousands of calls with the same timeout cost one timer.
 */
export class SharedTimers implements Clock {
  readonly #clock: Clock;
  readonly #lists = new Map<number, List>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  setTimer(ms: number, fn: () => void): Timer {
    let list = this.#lists.get(ms);
    if (list === undefined) {
      list = new List(this.#clock, ms, () => this.#lists.delete(ms));
      this.#lists.set(ms, list);
    }
    return list.add(fn);
  }
}

/** The timers of one duration, the next one first. */
class List {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #empty: () => void;
  first: Entry | null = null;
  last: Entry | null = null;
  #timer: Timer | null = null;

  constructor(clock: Clock, ms: number, empty: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#empty = empty;
  }

  add(fn: () => void): Entry {
    const entry = new Entry(this, this.#clock.now() + this.#ms, fn);
    entry.before = this.last;
    if (this.last === null) this.first = entry;
    else this.last.next = entry;
    this.last = entry;
    this.#timer ??= this.#clock.setTimer(this.#ms, () => this.#fire());
    return entry;
  }

  /** When none is left. */
  over(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#empty();
  }

  #fire(): void {
    this.#timer = null;
    const now = this.#clock.now();
    // A timer can be a little early. One that is due within its ms is due now.
    for (let entry = this.first; entry !== null && entry.at - now < 1; entry = this.first) {
      entry.cancel();
      entry.fn();
    }
    // The first of them had been cancelled, and another one is the first now.
    if (this.first !== null && this.#timer === null)
      this.#timer = this.#clock.setTimer(Math.max(1, this.first.at - now), () => this.#fire());
  }
}

class Entry implements Timer {
  readonly at: number;
  readonly fn: () => void;
  before: Entry | null = null;
  next: Entry | null = null;
  #list: List | null;

  constructor(list: List, at: number, fn: () => void) {
    this.#list = list;
    this.at = at;
    this.fn = fn;
  }

  cancel(): void {
    const list = this.#list;
    if (list === null) return;
    this.#list = null;
    if (this.before === null) list.first = this.next;
    else this.before.next = this.next;
    if (this.next === null) list.last = this.before;
    else this.next.before = this.before;
    if (list.first === null) list.over();
  }
}
