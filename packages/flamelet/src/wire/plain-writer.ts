import { isRef } from "./by-reference.ts";
import type { ValueLimits } from "./limits.ts";
import { ESCAPE, writeLeaf } from "./plain-leaf.ts";

/** The first character of a text that is JSON as it stands, and of one in which some strings stand for other values. */
export const JSON_TEXT = "=";
export const ESCAPED_TEXT = "~";

/** Deeper ones are left to the encoder that tells exactly what is too deep, and where. */
const MAX_DEPTH = 100;

/**
 * The short way for what most values are: plain objects and arrays of strings, numbers and the like, in which nothing
 * occurs twice. Gives null, having changed nothing, for all others: the encoder proper knows them, or says why not. (A
 * getter that stands before what is not plain is then read a second time.)
 *
 * JSON's own writer is several times faster than anything written in JavaScript, but loses what it does not know and runs
 * `toJSON`. So a copy is made first, which is cheap for objects of a usual shape and reads every property once, and is
 * looked through.
 */
export function writePlain(value: unknown, limits: ValueLimits): string | null {
  if ("toJSON" in Object.prototype || "toJSON" in Array.prototype) return null;
  const copier = new Copier(limits);
  let copy: unknown;
  try {
    copy = copier.copy(value, 0);
  } catch {
    // A getter threw, or a proxy.
    return null;
  }
  if (copy === NOT_PLAIN) return null;
  const text = (copier.escaped ? ESCAPED_TEXT : JSON_TEXT) + JSON.stringify(copy);
  // A character is at most three bytes.
  return text.length <= limits.maxTextLength && text.length * 3 <= limits.maxBytes ? text : null;
}

const NOT_PLAIN = Symbol("not plain");

/** Up to so many are looked through one by one, which costs less than a Set. */
const FEW = 8;

/** The objects that were met: what occurs twice must arrive as one, which JSON cannot say. */
class Seen {
  readonly #few: object[] = [];
  #many: Set<object> | null = null;

  /** Whether it is new. */
  add(value: object): boolean {
    if (this.#many !== null) {
      const { size } = this.#many;
      return this.#many.add(value).size > size;
    }
    if (this.#few.includes(value)) return false;
    if (this.#few.push(value) === FEW) this.#many = new Set(this.#few);
    return true;
  }
}

class Copier {
  readonly #limits: ValueLimits;
  readonly #seen = new Seen();
  #nodes = 0;
  escaped = false;

  constructor(limits: ValueLimits) {
    this.#limits = limits;
  }

  copy(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
        if (value.length > this.#limits.maxStringLength) return NOT_PLAIN;
        return value.charCodeAt(0) === ESCAPE ? this.#escape(value) : value;
      case "number":
        // Neither -0, nor NaN, nor infinite.
        return (value !== 0 && value - value === 0) || Object.is(value, 0) ? value : this.#escape(value);
      case "boolean":
        return value;
      case "undefined":
        return this.#escape(value);
      case "bigint":
        return BigInt.asIntN(64, value) === value ? this.#escape(value) : NOT_PLAIN;
      case "object":
        return value === null ? null : this.#object(value, depth);
      default:
        return NOT_PLAIN;
    }
  }

  #escape(value: unknown): unknown {
    this.escaped = true;
    return writeLeaf(value) ?? NOT_PLAIN;
  }

  #object(value: object, depth: number): unknown {
    if (depth === MAX_DEPTH || !this.#seen.add(value)) return NOT_PLAIN;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#record(value as Record<string, unknown>, depth + 1);
    if (prototype === Array.prototype && Array.isArray(value)) return this.#array(value, depth + 1);
    return this.#escape(value);
  }

  #record(value: Record<string, unknown>, depth: number): unknown {
    if (isRef(value)) return NOT_PLAIN;
    const copy = { ...value };
    if (Object.getOwnPropertySymbols(copy).length > 0) return NOT_PLAIN;
    for (const key in copy) {
      if (++this.#nodes > this.#limits.maxNodes || key === "__proto__") return NOT_PLAIN;
      const item = copy[key];
      const copied = this.copy(item, depth);
      if (copied === NOT_PLAIN) return NOT_PLAIN;
      if (copied !== item) copy[key] = copied;
    }
    return copy;
  }

  #array(value: unknown[], depth: number): unknown {
    const { length } = value;
    this.#nodes += length;
    if (this.#nodes > this.#limits.maxNodes || length > this.#limits.maxArrayLength) return NOT_PLAIN;
    // Less are holes, and more are properties that are no elements.
    if (Object.keys(value).length !== length) return NOT_PLAIN;
    const copy: unknown[] = value.slice();
    for (let i = 0; i < length; i++) {
      const item = copy[i];
      const copied = this.copy(item, depth);
      if (copied === NOT_PLAIN) return NOT_PLAIN;
      if (copied !== item) copy[i] = copied;
    }
    return copy;
  }
}
