import type { Clock, Timer } from "./clock.ts";
import { LinkedList, ListNode } from "./linked-list.ts";

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
    if (before !== null && before !== list && before.size === 0) this.#drop(before);
  }

  #drop(list: List): void {
    list.disarm();
    this.#lists.delete(list.ms);
  }
}

/** The timers of one duration, the next one first. */
class List extends LinkedList<() => void> {
  readonly ms: number;
  readonly #clock: Clock;
  readonly #emptied: (list: List) => void;
  #timer: Timer | null = null;

  constructor(clock: Clock, ms: number, emptied: (list: List) => void) {
    super();
    this.#clock = clock;
    this.ms = ms;
    this.#emptied = emptied;
  }

  get armed(): boolean {
    return this.#timer !== null;
  }

  add(fn: () => void): Entry {
    const entry = new Entry(this.#clock.now() + this.ms, fn);
    this.append(entry);
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

  get #next(): Entry | null {
    return this.firstNode as Entry | null;
  }

  readonly #fire = (): void => {
    this.#timer = null;
    if (this.size === 0) return this.empty();
    const now = this.#clock.now();
    // A timer can be a little early. One that is due within its ms is due now.
    for (let entry = this.#next; entry !== null && entry.at - now < 1; entry = this.#next) {
      entry.cancel();
      entry.value();
    }
    // The first of them had been cancelled, and another one is the first now.
    const next = this.#next;
    if (next !== null && this.#timer === null)
      this.#timer = this.#clock.setTimer(Math.max(1, next.at - now), this.#fire);
  };
}

/** One timer, and what it calls. */
class Entry extends ListNode<() => void> implements Timer {
  readonly at: number;

  constructor(at: number, fn: () => void) {
    super(fn);
    this.at = at;
  }

  cancel(): void {
    const list = this.list as List | null;
    if (list === null) return;
    list.remove(this);
    if (list.size === 0) list.empty();
  }
}
