import type { Segment } from "./unsendable.ts";

/** An entry of a Map, or of a Set when it has no key. */
export interface Step {
  readonly index: number;
  readonly value: unknown;
  readonly key?: unknown;
}

interface Level {
  readonly collection: unknown;
  /** What the collection stands for: itself, or the value of ours whose fields it holds. */
  readonly original: unknown;
  /** The member that is being visited; null in collections that are the encoder's own, and so part of no path. */
  key: string | number | Step | null;
}

/**
 * Follows devalue through a value, so that a refusal can say where it was. devalue walks depth first and tells when it
 * enters a collection and which member it reads, but not when it leaves: what it left is dropped at the next read.
 */
export class Trail {
  readonly #levels: Level[] = [];

  /** How many collections are open; more by what was just left. */
  get depth(): number {
    return this.#levels.length;
  }

  enter(collection: unknown): void {
    this.#levels.push({ collection, original: collection, key: 0 });
  }

  /** Enters a collection that the encoder made for `original`. */
  enterFields(collection: unknown, original: unknown): void {
    this.#levels.push({ collection, original, key: null });
  }

  /** A member of an open collection is about to be visited. */
  at(collection: unknown, key: string | number | Step): void {
    let last = this.#levels.length - 1;
    while (last > 0 && this.#levels[last]?.collection !== collection) last -= 1;
    this.#levels.length = last + 1;
    const level = this.#levels[last];
    if (level !== undefined && level.key !== null) level.key = key;
  }

  /** The way to `member`, which is being visited. */
  segments(member: unknown): Segment[] {
    const segments: Segment[] = [];
    for (let i = 0; i < this.#levels.length; i++) {
      const { collection, key } = this.#levels[i] as Level;
      if (key === null) continue;
      if (typeof key !== "object") {
        // devalue reads the elements of a sparse array by names.
        segments.push(Array.isArray(collection) ? Number(key) : key);
        continue;
      }
      segments.push({ entry: describeStep(key) });
      // The key of a Map's entry is walked right before its value, and may still lie open between the two.
      const next = this.#levels.findLastIndex((level, at) => at > i && level.original === key.value);
      if (next > i) i = next - 1;
      else if (member === key.value) break;
    }
    return segments;
  }
}

function describeStep(step: Step): string {
  if (!("key" in step)) return `values()[${step.index}]`;
  const { key } = step;
  if (typeof key === "string") return `get(${JSON.stringify(key)})`;
  if ((typeof key === "object" && key !== null) || typeof key === "function" || typeof key === "symbol")
    return `entries()[${step.index}]`;
  return `get(${String(key)})`;
}
