import { types } from "node:util";
import { ProtocolError, SerializationError } from "../errors.ts";
import type { ValueLimits } from "./limits.ts";

/**
 * What JSON cannot say, said in a string: an escape character, one letter for the kind, the rest. A string of the app that
 * begins with the escape character gets another one in front.
 *
 * `u` undefined, `n` a number that JSON does not know, `i` a bigint, `d` a Date; `r` the object of that number, counted
 * from 0 in the order in which they are met; `m`, `s` and `t` at the beginning of an array: a Map of the keys and values that
 * follow, a Set of what follows, a table (see `plain-table.ts`).
 */
export const ESCAPE = 0;
const MARK = String.fromCharCode(ESCAPE);

export const MAP: string = `${MARK}m`;
export const SET: string = `${MARK}s`;
export const TABLE: string = `${MARK}t`;

/** As text, a primitive that JSON would lose or mistake. */
export function writeLeaf(value: undefined | number | bigint | string): string {
  switch (typeof value) {
    case "undefined":
      return `${MARK}u`;
    case "number":
      return `${MARK}n${Object.is(value, -0) ? "-0" : value}`;
    case "bigint":
      return `${MARK}i${value}`;
    case "string":
      return MARK + value;
  }
}

export function writeDate(value: Date): string {
  return `${MARK}d${Date.prototype.getTime.call(value)}`;
}

/** An ordinary Date, and not an object that only looks like one, nor an instance of a class that extends it. */
export function isDate(value: object): value is Date {
  return types.isDate(value) && Object.getPrototypeOf(value) === Date.prototype;
}

export function writeReference(number: number): string {
  return `${MARK}r${number}`;
}

const NUMBERS = new Map([
  ["-0", -0],
  ["NaN", Number.NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

/**
 * The value of a text that begins with the escape character. Throws for what is not written by the functions above.
 * @param objects Those that were met before; a Date joins them.
 */
export function readLeaf(text: string, objects: object[], { maxBigIntDigits }: ValueLimits): unknown {
  const rest = text.slice(2);
  switch (text[1]) {
    case MARK:
      return text.slice(1);
    case "u":
      if (rest === "") return undefined;
      break;
    case "n":
      if (NUMBERS.has(rest)) return NUMBERS.get(rest);
      break;
    case "i":
      if (rest.length > maxBigIntDigits + 1)
        throw new SerializationError(`a value exceeds the limit of ${maxBigIntDigits} digits in a bigint`);
      if (/^-?\d+$/.test(rest)) return BigInt(rest);
      break;
    case "d":
      if (rest === "NaN" || /^-?\d{1,16}$/.test(rest)) {
        const date = new Date(Number(rest));
        objects.push(date);
        return date;
      }
      break;
    case "r": {
      const object = /^\d{1,9}$/.test(rest) ? objects[Number(rest)] : undefined;
      if (object !== undefined) return object;
      break;
    }
  }
  throw new ProtocolError("the text of a value is malformed: an escaped value");
}
