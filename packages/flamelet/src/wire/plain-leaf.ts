import { types } from "node:util";
import { ProtocolError, SerializationError } from "../errors.ts";
import type { ValueLimits } from "./limits.ts";

/**
 * What JSON cannot say about a single value, said in a string: an escape character, one letter for the kind, the rest. A
 * string of the app that begins with the escape character gets another one in front.
 */
export const ESCAPE = 0;
const MARK = String.fromCharCode(ESCAPE);

/** As text, a value that JSON would lose; null for what is no such value. */
export function writeLeaf(value: unknown): string | null {
  switch (typeof value) {
    case "undefined":
      return `${MARK}u`;
    case "number":
      return `${MARK}n${Object.is(value, -0) ? "-0" : value}`;
    case "bigint":
      return `${MARK}i${value}`;
    case "string":
      return MARK + value;
    case "object":
      return isDate(value) ? `${MARK}d${Date.prototype.getTime.call(value)}` : null;
    default:
      return null;
  }
}

/** An ordinary Date, and not an object that only looks like one, nor an instance of a class that extends it. */
function isDate(value: object | null): value is Date {
  return types.isDate(value) && Object.getPrototypeOf(value) === Date.prototype;
}

const NUMBERS = new Map([
  ["-0", -0],
  ["NaN", Number.NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

/** The value of a text that begins with the escape character. Throws for what `writeLeaf` does not write. */
export function readLeaf(text: string, { maxBigIntDigits }: ValueLimits): unknown {
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
      if (rest === "NaN" || /^-?\d+$/.test(rest)) return new Date(Number(rest));
      break;
  }
  throw new ProtocolError("the text of a value is malformed: an escaped value");
}
