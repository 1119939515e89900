import { ProtocolError, SerializationError } from "../errors.ts";
import type { ValueLimits } from "./limits.ts";

/**
 * devalue's text is a list of entries that refer to each other by index. Before devalue sees one from the wire, it is
 * checked here entry by entry: only what our encoder writes is let through, and only within the limits.
 */
export type Flat = readonly unknown[];

/** devalue's stand-ins for what JSON cannot say: undefined, hole, NaN, ±Infinity, -0. */
const LOWEST_SENTINEL = -6;
const HOLE = -2;
const SPARSE = -7;

function malformed(what: string): ProtocolError {
  return new ProtocolError(`the text of a value is malformed: ${what}`);
}

function over(what: string, limit: number): SerializationError {
  return new SerializationError(`a value exceeds the limit of ${limit} ${what}`);
}

/** Reads the text and checks it. Throws a `ProtocolError` or a `SerializationError`. */
export function readText(text: string, limits: ValueLimits): Flat {
  if (text.length > limits.maxTextLength) throw over("characters of text", limits.maxTextLength);
  let flat: unknown;
  try {
    flat = JSON.parse(text);
  } catch {
    throw malformed("it is not JSON");
  }
  if (!Array.isArray(flat) || flat.length === 0) throw malformed("it is not a list");
  if (flat.length > limits.maxNodes) throw over("parts", limits.maxNodes);
  const root: unknown = flat[0];
  if (!Array.isArray(root) || root.length !== 2 || typeof root[0] !== "number" || root.includes(HOLE))
    throw malformed("its head");
  new Checker(flat, limits).run();
  return flat;
}

class Checker {
  readonly #flat: Flat;
  readonly #limits: ValueLimits;
  /**
   * How deep each entry lies. Our encoder numbers entries in the order in which it meets them, so that the way down to
   * one leads through ever higher numbers, and one pass finds the longest. References that go back are to what exists
   * already; if they are not, devalue notices, or at worst the stack ends, which is an error like any other.
   */
  readonly #depths: Uint32Array;

  constructor(flat: Flat, limits: ValueLimits) {
    this.#flat = flat;
    this.#limits = limits;
    this.#depths = new Uint32Array(flat.length);
    this.#depths[0] = 1;
  }

  run(): void {
    for (let i = 0; i < this.#flat.length; i++) {
      const entry = this.#flat[i];
      if (typeof entry === "string") this.#string(entry);
      else if (typeof entry === "object" && entry !== null) this.#collection(i, entry);
    }
  }

  #string(text: string): void {
    if (text.length > this.#limits.maxStringLength) throw over("characters in a string", this.#limits.maxStringLength);
  }

  #collection(index: number, entry: object): void {
    const depth = this.#depths[index] as number;
    if (depth > this.#limits.maxDepth) throw over("levels", this.#limits.maxDepth);
    if (!Array.isArray(entry)) {
      for (const [key, item] of Object.entries(entry)) {
        if (key === "__proto__") throw malformed("a key that is __proto__");
        this.#reference(item, depth + 1, false);
      }
    } else if (typeof entry[0] === "string") this.#tagged(entry as [string, ...unknown[]], depth);
    else if (entry[0] === SPARSE) this.#sparse(entry, depth);
    else {
      if (entry.length > this.#limits.maxArrayLength) throw over("elements in an array", this.#limits.maxArrayLength);
      for (const item of entry) this.#reference(item, depth + 1, true);
    }
  }

  #reference(item: unknown, depth: number, holes: boolean): void {
    if (typeof item !== "number" || !Number.isInteger(item) || item >= this.#flat.length)
      throw malformed("a reference");
    if (item < 0) {
      if (item < LOWEST_SENTINEL || (item === HOLE && !holes)) throw malformed("a reference");
    } else if ((this.#depths[item] as number) < depth) this.#depths[item] = depth;
  }

  #sparse(entry: readonly unknown[], depth: number): void {
    const length = entry[1];
    if (typeof length !== "number" || !Number.isInteger(length) || length < 0) throw malformed("a sparse array");
    if (length > this.#limits.maxArrayLength) throw over("elements in an array", this.#limits.maxArrayLength);
    if (entry.length % 2 !== 0) throw malformed("a sparse array");
    for (let i = 2; i < entry.length; i += 2) {
      const at = entry[i];
      if (typeof at !== "number" || !Number.isInteger(at) || at < 0 || at >= length) throw malformed("a sparse array");
      this.#reference(entry[i + 1], depth + 1, false);
    }
  }

  #tagged(entry: readonly [string, ...unknown[]], depth: number): void {
    const [tag, first] = entry;
    switch (tag) {
      case "$":
        if (entry.length !== 2 || !Array.isArray(this.#flat[first as number])) throw malformed("a tagged value");
        return this.#reference(first, depth, false);
      case "Set":
      case "Map":
        if (tag === "Map" && entry.length % 2 === 0) throw malformed("a Map");
        for (let i = 1; i < entry.length; i++) this.#reference(entry[i], depth + 1, false);
        return;
      case "null":
        if (entry.length % 2 === 0) throw malformed("an object");
        for (let i = 1; i < entry.length; i += 2) {
          if (typeof entry[i] !== "string" || entry[i] === "__proto__") throw malformed("a key");
          this.#reference(entry[i + 1], depth + 1, false);
        }
        return;
      case "Object":
        if (entry.length !== 2) throw malformed("a boxed primitive");
        return this.#reference(first, depth + 1, false);
      case "BigInt":
        if (entry.length !== 2 || typeof first !== "string") throw malformed("a bigint");
        if (first.length > this.#limits.maxBigIntDigits + 1)
          throw over("digits in a bigint", this.#limits.maxBigIntDigits);
        if (!/^-?\d+$/.test(first)) throw malformed("a bigint");
        return;
      case "Date":
      case "URL":
      case "URLSearchParams":
        if (entry.length !== 2 || typeof first !== "string") throw malformed(tag);
        return this.#string(first);
      case "RegExp":
        if (entry.length < 2 || entry.length > 3 || typeof first !== "string") throw malformed(tag);
        if (entry.length === 3 && typeof entry[2] !== "string") throw malformed(tag);
        return this.#string(first);
      default:
        throw malformed("an unknown tag");
    }
  }
}
