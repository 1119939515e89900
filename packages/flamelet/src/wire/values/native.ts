import { types } from "node:util";
import type { Unsendable } from "../unsendable.ts";
import { describe } from "../unsendable.ts";
import { cannot } from "./kind.ts";

/** What devalue writes by itself, and what nobody can write. */

interface Native {
  readonly tag: string;
  /** Whether it really is one, and not just an object with that prototype. */
  readonly is: (value: unknown) => boolean;
}

/** These two have no brand check of their own; their methods throw on anything else. */
const isUrl = (value: unknown): boolean => typeof URL.prototype.toString.call(value) === "string";
const isSearchParams = (value: unknown): boolean => typeof URLSearchParams.prototype.toString.call(value) === "string";

const natives = new Map<unknown, Native>([
  [Map.prototype, { tag: "Map", is: types.isMap }],
  [Set.prototype, { tag: "Set", is: types.isSet }],
  [Date.prototype, { tag: "Date", is: types.isDate }],
  [RegExp.prototype, { tag: "RegExp", is: types.isRegExp }],
  [Number.prototype, { tag: "Number", is: types.isNumberObject }],
  [String.prototype, { tag: "String", is: types.isStringObject }],
  [Boolean.prototype, { tag: "Boolean", is: types.isBooleanObject }],
  [BigInt.prototype, { tag: "BigInt", is: types.isBigIntObject }],
  [URL.prototype, { tag: "URL", is: isUrl }],
  [URLSearchParams.prototype, { tag: "URLSearchParams", is: isSearchParams }],
]);

/** Whether devalue knows this kind of object. */
export function isNative(value: object, prototype: unknown): boolean {
  return natives.get(prototype)?.is(value) === true;
}

/** What devalue shall take an object for that `isNative`, `isPlain` or an array. */
export function nativeTag(value: object): string {
  return Array.isArray(value) ? "Array" : (natives.get(Object.getPrototypeOf(value))?.tag ?? "Object");
}

/** Whether this is the prototype of plain objects: of this realm, of another (as in a vm context), or none. */
export function isPlain(prototype: object | null): boolean {
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && isOwnConstructor(prototype, "Object");
}

/** Whether this is the prototype of arrays, and not of a class that extends them. */
export function isPlainArray(prototype: object | null): boolean {
  return (
    prototype === Array.prototype ||
    (prototype !== null && Array.isArray(prototype) && isOwnConstructor(prototype, "Array"))
  );
}

function isOwnConstructor(prototype: object, name: string): boolean {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof type === "function" && type.name === name;
}

/** Properties of an array that are no elements, such as `index` and `groups` of a match; null when it has none. */
export function namedProperties(array: readonly unknown[]): Record<string, unknown> | null {
  const keys = Object.keys(array);
  let named: Record<string, unknown> | null = null;
  // Elements come first, whatever the order in which they were set.
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] as string;
    if (String(Number(key) >>> 0) === key && key !== "4294967295") break;
    named ??= {};
    Object.defineProperty(named, key, { value: Reflect.get(array, key), enumerable: true, configurable: true });
  }
  return named;
}

/** Why an object that is no kind of ours cannot cross. */
export function refusal(value: object): Unsendable {
  const found = describe(value);
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef)
    return cannot(found, "weak collections do not cross, since nobody can say what is in them");
  if (Array.isArray(value)) return cannot(found, "it extends Array: send Array.from(it), or give its class a codec");
  if (typeof (value as { then?: unknown }).then === "function")
    return cannot(found, "it is a promise of a kind of its own: await it, and send what it gives");
  if (typeof (value as { next?: unknown }).next === "function" && Symbol.iterator in value)
    return cannot(found, "iterators do not cross: send an array, or an async generator");
  return cannot(found, "instances of a class cross only with a codec (flame.codec), or by reference (flame.ref)");
}
