import { LinkedList, ListNode } from "../linked-list.ts";

/** All that waits under one key, first come first. */
class Line<T> {
  readonly key: string | undefined;
  readonly waiting: LinkedList<T> = new LinkedList();
  readonly turn: ListNode<Line<T>>;

  constructor(key: string | undefined) {
    this.key = key;
    this.turn = new ListNode(this);
  }
}

/** A place in the queue, to leave it with. */
export class Place<T> {
  readonly line: Line<T>;
  readonly node: ListNode<T>;

  constructor(line: Line<T>, value: T) {
    this.line = line;
    this.node = new ListNode(value);
  }
}

/**
 * First come, first served within a key, and the keys take turns, so that a key with a thousand waiting delays another
 * by one, not by a thousand. What has no key shares one. Joining, leaving and serving take constant time.
 */
export class FairQueue<T> {
  /** Only keys under which something waits are here. */
  readonly #lines = new Map<string | undefined, Line<T>>();
  /** The same lines, in the order of their turns. */
  readonly #turns = new LinkedList<Line<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: T, key?: string): Place<T> {
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new Line(key);
      this.#lines.set(key, line);
      this.#turns.append(line.turn);
    }
    const place = new Place(line, value);
    line.waiting.append(place.node);
    this.#size++;
    return place;
  }

  /** Whose turn it is, taken out; undefined when nothing waits. */
  shift(): T | undefined {
    const line = this.#turns.first;
    if (line === undefined) return undefined;
    const first = line.waiting.firstNode as ListNode<T>;
    line.waiting.remove(first);
    this.#size--;
    this.#turns.remove(line.turn);
    if (line.waiting.size > 0) this.#turns.append(line.turn);
    else this.#lines.delete(line.key);
    return first.value;
  }

  /** Takes out what waits at that place. Returns false, and does nothing, when it is gone already. */
  remove(place: Place<T>): boolean {
    const { line } = place;
    if (!line.waiting.remove(place.node)) return false;
    this.#size--;
    if (line.waiting.size === 0) {
      this.#turns.remove(line.turn);
      this.#lines.delete(line.key);
    }
    return true;
  }

  /** All that waits, key by key. This is not the order in which it will be served. */
  *[Symbol.iterator](): Generator<T, void> {
    for (const line of this.#turns) yield* line.waiting;
  }
}
