import { types } from "node:util";
import { isRef } from "./by-reference.ts";
import { defaultValueLimits, type ValueLimits } from "./limits.ts";
import { ESCAPE, isDate, MAP, SET, writeDate, writeLeaf, writeReference } from "./plain-leaf.ts";
import { tableOf } from "./plain-table.ts";
import { STAND_INS } from "./text-forms.ts";

/** Deeper ones are left to the encoder that tells exactly what is too deep, and where. */
const MAX_DEPTH = 100;

/**
 * The short way for what most values are: plain objects, arrays, Maps and Sets of strings, numbers, dates and the like.
 * Gives null, having changed nothing, for all others: the encoder proper knows them, or says why not. (A getter that
 * stands before what is not plain is then read a second time.)
 *
 * JSON's own writer is several times faster than anything written in JavaScript, but loses what it does not know and runs
 * `toJSON`. So a copy is made first, which is cheap for objects of a usual shape and reads every property once; in the
 * copy, strings stand for what JSON does not know.
 *
 * @param own Down to which depth all are arrays that this library has made: they have neither holes nor properties. Default 0: none.
 */
export function writePlain(value: unknown, limits: ValueLimits, own = 0): string | null {
  if ("toJSON" in Object.prototype || "toJSON" in Array.prototype) return null;
  // One is kept for the next value; a getter that has something encoded meanwhile gets another.
  const copier = spare ?? new Copier();
  spare = null;
  try {
    copier.begin(limits, own);
    const copy = copier.copy(value, 0);
    if (copy === NOT_PLAIN) return null;
    const text = JSON.stringify(copier.escaped ? [STAND_INS, copy] : copy);
    // A character is at most three bytes.
    return text.length <= limits.maxTextLength && text.length * 3 <= limits.maxBytes ? text : null;
  } catch {
    // A getter threw, or a proxy.
    return null;
  } finally {
    copier.forget();
    spare = copier;
  }
}

const NOT_PLAIN = Symbol("not plain");

/** Up to so many are looked through one by one, which costs less than a Set. */
const FEW = 8;

/** The objects that were met, each with its number: one that is met again is the same one over there, too. */
class Seen {
  readonly #few: (object | null)[] = Array.from({ length: FEW }, () => null);
  #count = 0;
  #many: Set<object> | null = null;
  /** Those in `#many` with their numbers, as soon as one is met again: to keep only a Set until then costs half. */
  #numbers: Map<object, number> | null = null;

  /** The number of an object that was met before; -1 for a new one, which gets the next. */
  meet(value: object): number {
    if (this.#numbers !== null) return numberIn(this.#numbers, value);
    if (this.#many !== null) {
      const { size } = this.#many;
      if (this.#many.add(value).size > size) return -1;
      this.#numbers = new Map();
      for (const each of this.#many) this.#numbers.set(each, this.#numbers.size);
      return numberIn(this.#numbers, value);
    }
    for (let i = 0; i < this.#count; i++) if (this.#few[i] === value) return i;
    this.#few[this.#count++] = value;
    if (this.#count === FEW) this.#many = new Set(this.#few as object[]);
    return -1;
  }

  forget(): void {
    this.#few.fill(null, 0, this.#count);
    this.#count = 0;
    this.#many = null;
    this.#numbers = null;
  }
}

function numberIn(numbers: Map<object, number>, value: object): number {
  const known = numbers.get(value);
  if (known === undefined) numbers.set(value, numbers.size);
  return known ?? -1;
}

class Copier {
  readonly #seen = new Seen();
  #limits: ValueLimits = defaultValueLimits;
  #own = 0;
  #nodes = 0;
  /** Whether a string stands for something else. */
  escaped = false;

  begin(limits: ValueLimits, own: number): void {
    this.#limits = limits;
    this.#own = own;
    this.#nodes = 0;
    this.escaped = false;
  }

  forget(): void {
    this.#seen.forget();
  }

  copy(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
        if (value.length > this.#limits.maxStringLength) return NOT_PLAIN;
        return value.charCodeAt(0) === ESCAPE ? this.#escaped(writeLeaf(value)) : value;
      case "number":
        // Neither -0, nor NaN, nor infinite.
        return (value !== 0 && value - value === 0) || Object.is(value, 0) ? value : this.#escaped(writeLeaf(value));
      case "boolean":
        return value;
      case "undefined":
        return this.#escaped(writeLeaf(value));
      case "bigint":
        return isShort(value) ? this.#escaped(writeLeaf(value)) : NOT_PLAIN;
      case "object":
        return value === null ? null : this.#object(value, depth);
      default:
        return NOT_PLAIN;
    }
  }

  #escaped<T>(copy: T): T {
    this.escaped = true;
    return copy;
  }

  #object(value: object, depth: number): unknown {
    if (depth === MAX_DEPTH) return NOT_PLAIN;
    const known = this.#seen.meet(value);
    if (known >= 0) return this.#escaped(writeReference(known));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#record(value as Record<string, unknown>, depth + 1);
    if (prototype === Array.prototype && Array.isArray(value)) return this.#array(value, depth + 1);
    if (isDate(value)) return this.#escaped(writeDate(value));
    if (prototype === Map.prototype && types.isMap(value)) return this.#entries(MAP, entriesOf(value), depth + 1);
    if (prototype === Set.prototype && types.isSet(value)) return this.#entries(SET, valuesOf(value), depth + 1);
    return NOT_PLAIN;
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
    // Less keys are holes, and more are properties that are no elements.
    if (value.length > this.#limits.maxArrayLength) return NOT_PLAIN;
    if (depth > this.#own && Object.keys(value).length !== value.length) return NOT_PLAIN;
    const items = this.#items(value.slice(), 0, depth);
    if (items === NOT_PLAIN) return NOT_PLAIN;
    const table = tableOf(items as unknown[]);
    return table === null ? items : this.#escaped(table);
  }

  #entries(mark: string, items: unknown[], depth: number): unknown {
    items.unshift(mark);
    return this.#escaped(this.#items(items, 1, depth));
  }

  /** Replaces the items of an array of our own, from an index on, by their copies. */
  #items(items: unknown[], from: number, depth: number): unknown {
    this.#nodes += items.length;
    if (this.#nodes > this.#limits.maxNodes) return NOT_PLAIN;
    for (let i = from; i < items.length; i++) {
      const item = items[i];
      const copied = this.copy(item, depth);
      if (copied === NOT_PLAIN) return NOT_PLAIN;
      if (copied !== item) items[i] = copied;
    }
    return items;
  }
}

let spare: Copier | null = null;

/** Whether a bigint is one of those that are told apart quickly: longer ones are left to the encoder that counts digits. */
function isShort(value: bigint): boolean {
  return BigInt.asIntN(256, value) === value;
}

// As they are, whatever methods of the same names somebody has given them.

function entriesOf(map: Map<unknown, unknown>): unknown[] {
  const items: unknown[] = [];
  Map.prototype.forEach.call(map, (value, key) => void items.push(key, value));
  return items;
}

function valuesOf(set: Set<unknown>): unknown[] {
  const items: unknown[] = [];
  Set.prototype.forEach.call(set, (value) => void items.push(value));
  return items;
}
