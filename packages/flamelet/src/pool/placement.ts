import type { Placement } from "../options.ts";
import { LinkedList, type ListNode } from "../linked-list.ts";

/** Something with slots, as placement sees it. */
export interface Placeable {
  readonly id: string;
  /** How many of its slots are held. Written by `setLoad` alone while it is in an index. */
  load: number;
  /** Its place among those of the same load. */
  readonly seat: ListNode<this>;
}

/** Those of the same load, in the order in which they came to it. Never empty while it is in an index. */
class Level<T> extends LinkedList<T> {
  readonly index: LoadIndex<never>;
  load: number;
  lower: Level<T> | null = null;
  higher: Level<T> | null = null;

  constructor(index: LoadIndex<never>, load: number) {
    super();
    this.index = index;
    this.load = load;
  }
}

/**
 * Runners by how many of their slots are held, so that the fullest or the emptiest one with a free slot is found without
 * looking at all of them. Among equals, `"pack"` takes the one whose load changed last: the runner that has been idle for
 * longest stays so, and retires. `"spread"` takes the one whose load changed first.
 *
 * There is a level for each load that some runner has, and none for others: loads change by one, so the level that a
 * runner comes to is beside the one that it leaves.
 */
export class LoadIndex<T extends Placeable> {
  #lowest: Level<T> | null = null;
  #highest: Level<T> | null = null;
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
    this.#levelFor(item.load, this.#lowest).append(item.seat);
    this.#free += this.#freeOf(item);
  }

  remove(item: T): void {
    const level = this.#levelOf(item);
    if (level === null) return;
    level.remove(item.seat);
    this.#free -= this.#freeOf(item);
    if (level.size === 0) this.#drop(level);
  }

  /** Changes the load of something, whether it is in this index or not. */
  setLoad(item: T, load: number): void {
    const level = this.#levelOf(item);
    if (level === null) {
      item.load = load;
      return;
    }
    this.#free -= this.#freeOf(item);
    item.load = load;
    this.#free += this.#freeOf(item);
    const alone = level.size === 1;
    if (alone && (level.lower?.load ?? -1) < load && load < (level.higher?.load ?? Infinity)) {
      level.load = load;
      return;
    }
    const next = this.#levelFor(load, level);
    level.remove(item.seat);
    next.append(item.seat);
    if (level.size === 0) this.#drop(level);
  }

  /** Changes how many slots each has. Those that hold more than that keep them until they are given back. */
  setLimit(limit: number): void {
    this.#limit = limit;
    this.#free = 0;
    for (let level = this.#lowest; level !== null; level = level.higher)
      for (const item of level) this.#free += this.#freeOf(item);
  }

  /** The one that gets the next piece of work, or undefined when none has a free slot. */
  pick(placement: Placement, exclude?: ReadonlySet<string>): T | undefined {
    if (this.#free === 0) return undefined;
    const pack = placement === "pack";
    for (let level = pack ? this.#highest : this.#lowest; level !== null; level = pack ? level.lower : level.higher) {
      if (level.load >= this.#limit) continue;
      let node = pack ? level.lastNode : level.firstNode;
      while (node !== null && exclude?.has(node.value.id) === true) node = pack ? node.before : node.after;
      if (node !== null) return node.value;
    }
    return undefined;
  }

  #freeOf(item: T): number {
    return Math.max(0, this.#limit - item.load);
  }

  /** The level that something is in, or null when it is not in this index. */
  #levelOf(item: T): Level<T> | null {
    const level = item.seat.list as Level<T> | null;
    return level?.index === (this as unknown) ? level : null;
  }

  /** The level of a load, made if need be. It is looked for from `near` on. */
  #levelFor(load: number, near: Level<T> | null): Level<T> {
    let lower = near;
    while (lower !== null && lower.load > load) lower = lower.lower;
    let higher = lower === null ? this.#lowest : lower.higher;
    while (higher !== null && higher.load <= load) {
      lower = higher;
      higher = higher.higher;
    }
    if (lower?.load === load) return lower;
    const level = new Level<T>(this as unknown as LoadIndex<never>, load);
    level.lower = lower;
    level.higher = higher;
    if (lower === null) this.#lowest = level;
    else lower.higher = level;
    if (higher === null) this.#highest = level;
    else higher.lower = level;
    return level;
  }

  #drop({ lower, higher }: Level<T>): void {
    if (lower === null) this.#lowest = higher;
    else lower.higher = higher;
    if (higher === null) this.#highest = lower;
    else higher.lower = lower;
  }
}
