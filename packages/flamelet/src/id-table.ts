/** Something that has a number of its own, and is in one table at most. */
export interface Numbered {
  readonly id: number;
  /** The next one in the same bucket. Written by the table alone. */
  nextInBucket: this | null;
}

/** With so many buckets it begins. */
const FEWEST = 64;
/** With more than so many it begins again when it is empty. */
const KEPT = 1024;

/**
 * Finds things by their number, where they come and go all the time: there a `Map` takes three times as long, and keeps them
 * too long; see `LinkedList`.
 */
export class IdTable<T extends Numbered> {
  #buckets: (T | null)[] = buckets(FEWEST);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    let item = this.#buckets[this.#bucketOf(id)] ?? null;
    while (item !== null && item.id !== id) item = item.nextInBucket;
    return item ?? undefined;
  }

  /** Puts something in whose number is not in it yet. */
  add(item: T): void {
    if (this.#size === this.#buckets.length) this.#grow();
    this.#put(item);
    this.#size += 1;
  }

  /** Takes something out. Returns whether it was in it. */
  remove(item: T): boolean {
    const bucket = this.#bucketOf(item.id);
    const first = this.#buckets[bucket] ?? null;
    if (first === item) {
      this.#buckets[bucket] = item.nextInBucket;
    } else {
      let before = first;
      while (before !== null && before.nextInBucket !== item) before = before.nextInBucket;
      if (before === null) return false;
      before.nextInBucket = item.nextInBucket;
    }
    item.nextInBucket = null;
    this.#size -= 1;
    if (this.#size === 0 && this.#buckets.length > KEPT) this.#buckets = buckets(FEWEST);
    return true;
  }

  /** All that are in it now, by their numbers. */
  all(): T[] {
    const all: T[] = [];
    for (const first of this.#buckets) for (let item = first; item !== null; item = item.nextInBucket) all.push(item);
    return all.sort((a, b) => a.id - b.id);
  }

  #bucketOf(id: number): number {
    // Numbers are given one after the other, so their last bits are spread evenly. They can be longer than 32 bits.
    return id % this.#buckets.length;
  }

  #put(item: T): void {
    const bucket = this.#bucketOf(item.id);
    item.nextInBucket = this.#buckets[bucket] ?? null;
    this.#buckets[bucket] = item;
  }

  #grow(): void {
    const all = this.all();
    this.#buckets = buckets(this.#buckets.length * 2);
    for (const item of all) this.#put(item);
  }
}

function buckets<T>(count: number): (T | null)[] {
  return Array.from({ length: count }, () => null);
}
