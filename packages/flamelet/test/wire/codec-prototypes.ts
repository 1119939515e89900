import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { FlameError } from "../../src/errors.ts";

const GUARDED: object[] = [
  Object,
  Function,
  Array,
  Map,
  Set,
  Date,
  RegExp,
  Promise,
  Error,
  AggregateError,
  Uint8Array,
  ArrayBuffer,
  Buffer,
  URL,
  Headers,
  Request,
  Response,
  AbortSignal,
  Readable,
  FlameError,
].flatMap((type) => [type, type.prototype as object]);
GUARDED.push(globalThis);

/** Notes all properties of the built-in classes; the returned function asserts that nothing has changed since. */
export function snapshotPrototypes(): () => void {
  const look = (): unknown[] =>
    GUARDED.flatMap((object) => [
      Object.getPrototypeOf(object),
      ...Reflect.ownKeys(object).flatMap((key) => {
        const { value, get, set } = Object.getOwnPropertyDescriptor(object, key) ?? {};
        return [key, value as unknown, get, set];
      }),
    ]);
  const before = look();
  return () => {
    const after = look();
    assert.equal(after.length, before.length, "a built-in class got or lost a property");
    after.forEach((part, i) => assert.ok(Object.is(part, before[i]), "a property of a built-in class was changed"));
  };
}
