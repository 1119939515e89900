import { ProtocolError, SerializationError } from "../errors.ts";
import type { ValueLimits } from "./limits.ts";
import { ESCAPE, MAP, readLeaf, SET, TABLE } from "./plain-leaf.ts";
import { keysOfTable, rowWith } from "./plain-table.ts";
import { hasStandIns, NOTHING_TEXT } from "./text-forms.ts";

/** Reads what `writePlain` wrote. Throws a `ProtocolError` or a `SerializationError`. */
export function readPlain(text: string, limits: ValueLimits): unknown {
  if (text === NOTHING_TEXT) return undefined;
  if (text.length > limits.maxTextLength) throw over("characters of text", limits.maxTextLength);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed("it is not JSON");
  }
  const escaped = hasStandIns(text);
  if (escaped) value = standingFor(value as unknown[]);
  return !escaped && isHarmless(text, limits) ? value : new Reader(limits, escaped).read(value, 1);
}

/** Whether it can be told without looking through it that a value is within the limits and has no key that is refused. */
function isHarmless(text: string, { maxDepth }: ValueLimits): boolean {
  // A level takes two characters and a part at least one, and a key can hide its name behind an escape sequence.
  return text.length < maxDepth && !text.includes("__proto__") && !text.includes("\\u");
}

/** What stands behind the mark. */
function standingFor(list: readonly unknown[]): unknown {
  if (list.length !== 2) throw malformed("it is not one value");
  return list[1];
}

function over(what: string, limit: number): SerializationError {
  return new SerializationError(`a value exceeds the limit of ${limit} ${what}`);
}

function malformed(what: string): ProtocolError {
  return new ProtocolError(`the text of a value is malformed: ${what}`);
}

/** Looks through what was parsed, and puts values in the place of the strings that stand for them. */
class Reader {
  readonly #limits: ValueLimits;
  readonly #escaped: boolean;
  /** In the order in which they were met, which is that of the writer. */
  readonly #objects: object[] = [];
  #nodes = 0;

  constructor(limits: ValueLimits, escaped: boolean) {
    this.#limits = limits;
    this.#escaped = escaped;
  }

  read(value: unknown, depth: number): unknown {
    if (typeof value === "string") return this.#string(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth > this.#limits.maxDepth) throw over("levels", this.#limits.maxDepth);
    if (Array.isArray(value)) return this.#array(value, depth + 1);
    return this.#record(value as Record<string, unknown>, depth + 1);
  }

  #string(text: string): unknown {
    if (text.length > this.#limits.maxStringLength) throw over("characters in a string", this.#limits.maxStringLength);
    return this.#escaped && text.charCodeAt(0) === ESCAPE ? readLeaf(text, this.#objects, this.#limits) : text;
  }

  #array(array: unknown[], depth: number): unknown {
    if (array.length > this.#limits.maxArrayLength) throw over("elements in an array", this.#limits.maxArrayLength);
    this.#count(array.length);
    if (this.#escaped && array[0] === MAP) return this.#map(array, depth);
    if (this.#escaped && array[0] === SET) return this.#set(array, depth);
    if (this.#escaped && array[0] === TABLE) return this.#table(array, depth);
    this.#objects.push(array);
    for (let i = 0; i < array.length; i++) {
      const item = array[i];
      const read = this.read(item, depth);
      if (read !== item) array[i] = read;
    }
    return array;
  }

  #map(items: readonly unknown[], depth: number): Map<unknown, unknown> {
    if (items.length % 2 === 0) throw malformed("a Map");
    const map = new Map<unknown, unknown>();
    this.#objects.push(map);
    for (let i = 1; i < items.length; i += 2) map.set(this.read(items[i], depth), this.read(items[i + 1], depth));
    return map;
  }

  #set(items: readonly unknown[], depth: number): Set<unknown> {
    const set = new Set<unknown>();
    this.#objects.push(set);
    for (let i = 1; i < items.length; i++) set.add(this.read(items[i], depth));
    return set;
  }

  #table(table: readonly unknown[], depth: number): unknown[] {
    const keys = keysOfTable(table);
    if (keys === null) throw malformed("a table");
    if (depth > this.#limits.maxDepth) throw over("levels", this.#limits.maxDepth);
    const rows: unknown[] = [];
    this.#objects.push(rows);
    let row = rowWith(keys);
    for (let at = 2; at < table.length;) {
      row = { ...row };
      this.#objects.push(row);
      for (const key of keys) row[key] = this.read(table[at++], depth + 1);
      rows.push(row);
    }
    return rows;
  }

  #record(record: Record<string, unknown>, depth: number): unknown {
    this.#objects.push(record);
    for (const key in record) {
      this.#count(1);
      if (key === "__proto__") throw malformed("a key that is __proto__");
      const item = record[key];
      const read = this.read(item, depth);
      if (read !== item) record[key] = read;
    }
    return record;
  }

  #count(parts: number): void {
    this.#nodes += parts;
    if (this.#nodes > this.#limits.maxNodes) throw over("parts", this.#limits.maxNodes);
  }
}
