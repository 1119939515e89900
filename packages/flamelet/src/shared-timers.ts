import type { Clock, Timer } from "./clock.ts";

/**
 * A clock whose timers of one duration share one timer of the clock below. Those that are set first are due first, so a
 * list of them in that order is all there is to keep: thousands of calls with the same timeout cost one timer.
 *
 * The list that was emptied last keeps its timer, since calls that follow one another would set and cancel one each. It
 * goes when it is due, when another list is emptied, or with `dispose`.
 */
export class SharedTimers implements Clock, Disposable {
  readonly #clock: Clock;
  readonly #lists = new Map<number, List>();
  #spare: List | null = null;
  #over = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  setTimer(ms: number, fn: () => void): Timer {
    let list = this.#lists.get(ms);
    if (list === undefined) {
      list = new List(this.#clock, ms, this.#emptied);
      this.#lists.set(ms, list);
    }
    return list.add(fn);
  }

  /** Keeps no timer from now on that nobody waits for. Others can still be set, and those that are set stay. */
  [Symbol.dispose](): void {
    this.#over = true;
    this.#keep(null);
  }

  readonly #emptied = (list: List): void => {
    const keep = list.armed && !this.#over;
    this.#keep(keep ? list : null);
    if (!keep) this.#drop(list);
  };

  #keep(list: List | null): void {
    const before = this.#spare;
    this.#spare = list;
    if (before !== null && before !== list && before.first === null) this.#drop(before);
  }

  #drop(list: List): void {
    list.disarm();
    this.#lists.delete(list.ms);
  }
}

/** The timers of one duration, the next one first. */
class List {
  readonly ms: number;
  readonly #clock: Clock;
  readonly #emptied: (list: List) => void;
  first: Entry | null = null;
  last: Entry | null = null;
  #timer: Timer | null = null;

  constructor(clock: Clock, ms: number, emptied: (list: List) => void) {
    this.#clock = clock;
    this.ms = ms;
    this.#emptied = emptied;
  }

  get armed(): boolean {
    return this.#timer !== null;
  }

  add(fn: () => void): Entry {
    const entry = new Entry(this, this.#clock.now() + this.ms, fn);
    entry.before = this.last;
    if (this.last === null) this.first = entry;
    else this.last.next = entry;
    this.last = entry;
    this.#timer ??= this.#clock.setTimer(this.ms, this.#fire);
    return entry;
  }

  /** When none is left. */
  empty(): void {
    this.#emptied(this);
  }

  disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  readonly #fire = (): void => {
    this.#timer = null;
    if (this.first === null) return this.empty();
    const now = this.#clock.now();
    // A timer can be a little early. One that is due within its ms is due now.
    for (let entry = this.first; entry !== null && entry.at - now < 1; entry = this.first) {
      entry.cancel();
      entry.fn();
    }
    // The first of them had been cancelled, and another one is the first now.
    if (this.first !== null && this.#timer === null)
      this.#timer = this.#clock.setTimer(Math.max(1, this.first.at - now), this.#fire);
  };
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
    // One that outlived a few collections would keep all that came after it, one through the other.
    this.before = null;
    this.next = null;
    if (list.first === null) list.empty();
  }
}
