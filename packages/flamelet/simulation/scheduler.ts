import type { Thread } from "./thread.ts";

/** What kind of event it is: a thread that wakes up from a pause sees its timers and its sockets in one order or the other. */
export type EventKind = "timer" | "io";

/** Something that is going to happen. */
export interface Event {
  readonly at: number;
  readonly order: number;
  /** Whose event loop it happens on; null for what happens to the world. */
  readonly thread: Thread | null;
  readonly kind: EventKind;
  readonly run: () => void;
  cancelled: boolean;
}

/** Virtual time: all events of a history, in the order of their time and then of their making. */
export class Scheduler {
  now = 0;
  /** How many events have happened. */
  steps = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  at(time: number, run: () => void, thread: Thread | null = null, kind: EventKind = "io"): Event {
    const event: Event = {
      at: Math.max(time, this.now),
      order: this.#order++,
      thread,
      kind,
      run,
      cancelled: false,
    };
    this.#push(event);
    return event;
  }

  after(ms: number, run: () => void, thread: Thread | null = null, kind: EventKind = "io"): Event {
    return this.at(this.now + ms, run, thread, kind);
  }

  /**
   * Lets everything happen up to `end`, or until `stop` says so. After each event all promise reactions, microtasks and
   * ticks run to their end, and then `afterEach`.
   */
  async run(end: number, afterEach: () => void, stop: () => boolean): Promise<void> {
    await settle();
    afterEach();
    while (!stop()) {
      const event = this.#heap[0];
      if (event === undefined || event.at > end) break;
      this.#pop();
      if (event.cancelled) continue;
      this.now = event.at;
      if (event.thread !== null && !event.thread.takes(event)) continue;
      this.steps += 1;
      event.run();
      await settle();
      afterEach();
    }
    if (!stop()) this.now = Math.max(this.now, end);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(event, heap[parent] as Event)) break;
      heap[index] = heap[parent] as Event;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!before(heap[child] as Event, last)) break;
      heap[index] = heap[child] as Event;
      index = child;
    }
    heap[index] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** An immediate runs when no microtask and no tick is left, and costs about a microsecond. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
