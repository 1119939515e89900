import type { Clock } from "../clock.ts";

/** How long the calls of one turn of the event loop may take to start, in ms, before others wait for the next. */
const SLICE = 5;

/**
 * Starts calls as they arrive. Many can arrive at once, and what one gives goes out when the event loop turns: where they
 * work before they wait for anything, each would be told of only when all had worked. So when that takes long, the others
 * start in turns of their own.
 */
export class Turns<T> {
  readonly #clock: Clock;
  readonly #start: (item: T) => void;
  /** What waits for another turn, first come first. */
  readonly #later = new Set<T>();
  /** When the first one of this turn started; null before it. */
  #began: number | null = null;
  #waiting = false;
  readonly #over = (): void => {
    this.#began = null;
  };

  constructor(clock: Clock, start: (item: T) => void) {
    this.#clock = clock;
    this.#start = start;
  }

  /** Starts it now, or later if that would be too much for one turn. Returns whether it started now. */
  add(item: T): boolean {
    if (this.#waiting) {
      this.#later.add(item);
      return false;
    }
    this.#take(item);
    return true;
  }

  /** Takes back what has not started. Returns whether that was so. */
  withdraw(item: T): boolean {
    return this.#later.delete(item);
  }

  /** Takes back all that has not started. */
  withdrawAll(): T[] {
    const all = [...this.#later];
    this.#later.clear();
    return all;
  }

  #take(item: T): void {
    if (this.#began === null) {
      this.#began = this.#clock.now();
      void HERE.then(this.#over);
    }
    this.#start(item);
    if (this.#clock.now() - this.#began > SLICE) this.#wait();
  }

  #wait(): void {
    this.#waiting = true;
    setImmediate(() => {
      this.#waiting = false;
      this.#began = null;
      for (const item of this.#later) {
        this.#later.delete(item);
        this.#take(item);
        if (this.#waiting) break;
      }
    });
  }
}

/** What is chained to it runs when all that arrived at once has been seen. */
const HERE = Promise.resolve();
