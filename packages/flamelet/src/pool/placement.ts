import type { Placement } from "../options.ts";
import { LinkedList, type ListNode } from "./linked-list.ts";

/** Something with slots, as placement sees it. */
export interface Placeable {
  readonly id: string;
  /** How many of its slots are held. Written by `setLoad` alone while it is in an index. */
  load: number;
  /** Its place among those of the same load. */
  readonly seat: ListNode<this>;
}

/**
 * Runners by how many of their slots are held, so that the fullest or the emptiest one with a free slot is found without
 * looking at all of them. Among equals, `"pack"` takes the one whose load changed last: the runner that has been idle for
 * longest stays so, and retires. `"spread"` takes the one whose load changed first.
 */
export class LoadIndex<T extends Placeable> {
  /** `#levels[n]` holds those of load n, in the order in which they came to it. */
  readonly #levels: LinkedList<T>[] = [];
  #limit: number;
  #free = 0;

  /** @param limit How many slots each has. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many slots are free, of all of them together. */
  get free(): number {
    return this.#free;
  }

  add(item: T): void {
    this.#level(item.load).append(item.seat);
    this.#free += this.#freeOf(item);
  }

  remove(item: T): void {
    if (this.#level(item.load).remove(item.seat)) this.#free -= this.#freeOf(item);
  }

  /** Changes the load of something, whether it is in this index or not. */
  setLoad(item: T, load: number): void {
    const here = item.seat.list !== null && item.seat.list === this.#levels[item.load];
    if (here) this.remove(item);
    item.load = load;
    if (here) this.add(item);
  }

  /** Changes how many slots each has. Those that hold more than that keep them until they are given back. */
  setLimit(limit: number): void {
    this.#limit = limit;
    this.#free = 0;
    for (const level of this.#levels) for (const item of level) this.#free += this.#freeOf(item);
  }

  /** The one that gets the next piece of work, or undefined when none has a free slot. */
  pick(placement: Placement, exclude?: ReadonlySet<string>): T | undefined {
    if (this.#free === 0) return undefined;
    const highest = Math.min(this.#limit, this.#levels.length) - 1;
    for (let n = 0; n <= highest; n++) {
      const level = this.#levels[placement === "pack" ? highest - n : n] as LinkedList<T>;
      let node = placement === "pack" ? level.lastNode : level.firstNode;
      while (node !== null && exclude?.has(node.value.id) === true) {
        node = placement === "pack" ? node.before : node.after;
      }
      if (node !== null) return node.value;
    }
    return undefined;
  }

  #freeOf(item: T): number {
    return Math.max(0, this.#limit - item.load);
  }

  #level(load: number): LinkedList<T> {
    while (this.#levels.length <= load) this.#levels.push(new LinkedList());
    return this.#levels[load] as LinkedList<T>;
  }
}
