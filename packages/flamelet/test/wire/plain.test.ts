/** The short way for plain values: which values take it, that they arrive as they were, and what it refuses to read. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import { ProtocolError, SerializationError } from "../../src/errors.ts";
import { callback, ref } from "../../src/wire/by-reference.ts";
import { decode, encode } from "../../src/wire/codec.ts";
import { defaultValueLimits } from "../../src/wire/limits.ts";
import { RecordingImporter, roundTrip } from "./codec-peer.ts";
import { onBun } from "../runtimes.ts";

const how = (value: unknown): string => encode(value).json[0] as string;
const read = (text: string, limits = {}): unknown =>
  decode(text, [], new RecordingImporter(), { ...defaultValueLimits, ...limits });

describe("what is plain", () => {
  const plain: Record<string, unknown> = {
    "a call without arguments": [[], []],
    primitives: ["a", 1, -1.5, 0, true, false, null],
    rows: [
      { id: 1, name: "a", tags: ["x", "y"], address: { zip: "1" } },
      { id: 2, name: "b", tags: [], address: {} },
    ],
    "keys that look like methods": { toString: 1, constructor: { name: "x" }, hasOwnProperty: null, length: 3 },
    "texts of all sorts": ["", "\u2028\u{1f600}\ud800", 'quotes " and \\ and \n', "__proto__", "=", "~"],
    "a string in many places": Array.from({ length: 9 }, () => "same"),
  };
  for (const [name, value] of Object.entries(plain)) {
    test(`${name}: as JSON`, () => {
      assert.equal(how(value), "=");
      assert.deepStrictEqual(roundTrip(value), value);
    });
  }

  const escaped: Record<string, unknown> = {
    dates: [new Date(0), new Date(NaN), { at: new Date("2026-11-21T12:00:00.123Z") }, new Date(-8.64e15)],
    undefined: { a: undefined, b: [undefined] },
    "numbers that JSON does not know": [-0, NaN, Infinity, -Infinity, { a: -0 }],
    bigints: [0n, -5n, 2n ** 62n, 2n ** 255n - 1n, -(2n ** 255n)],
    "texts that look like stand-ins": ["\0", "\0u", "\0\0d0", { "\0u": "\0i1" }, ["\0m", 1], ["\0s"], "\0r0"],
    Maps: new Map<unknown, unknown>([
      ["a", 1],
      [{ key: "object" }, new Map([[undefined, new Date(1)]])],
    ]),
    Sets: [new Set(), new Set([1, "a", { b: new Set([NaN]) }])],
  };
  for (const [name, value] of Object.entries(escaped)) {
    test(`${name}: as JSON with stand-ins`, () => {
      assert.equal(how(value), "~");
      assert.deepStrictEqual(roundTrip(value), value);
    });
  }

  test(
    "what occurs more than once is one over there, too, and may contain itself",
    { skip: onBun("its deepStrictEqual does not end in circles") },
    () => {
      const date = new Date(0);
      const shared = { a: [1], 10: "before b", b: date };
      const map = new Map<unknown, unknown>([[shared, shared]]);
      map.set("self", map);
      const value = { list: [shared, new Set([shared, date]), map], shared, date, self: null as unknown };
      value.self = value;
      assert.equal(how(value), "~");
      const got = roundTrip(value);
      assert.deepStrictEqual(got, value);
      const [first, set, back] = got.list as [typeof shared, Set<unknown>, Map<unknown, unknown>];
      assert.equal(got.self, got);
      assert.equal(got.shared, first);
      assert.equal(got.date, first.b);
      assert.deepEqual([...set], [first, first.b]);
      assert.equal([...set][0], first);
      assert.equal(back.get(first), first);
      assert.equal(back.get("self"), back);
    },
  );

  test("many objects, some of them again", () => {
    const all = Array.from({ length: 50 }, (_, n) => ({ n, next: null as unknown }));
    for (const each of all) each.next = all[(each.n * 7) % 50];
    assert.equal(how(all), "~");
    const got = roundTrip(all);
    for (const each of got) assert.equal(each.next, got[(each.n * 7) % 50]);
  });
});

describe("what is not plain goes the other way", () => {
  const others: Record<string, unknown> = {
    "a hole": Object.assign(Array(3), { 1: 1 }),
    "an array with a named property": Object.assign([1], { x: 1 }),
    "an object without a prototype": Object.assign(Object.create(null), { a: 1 }),
    "a long bigint": [2n ** 255n],
    bytes: { bytes: new Uint8Array(3) },
  };
  for (const [name, value] of Object.entries(others)) {
    test(name, () => {
      assert.equal(how(value), "[");
      assert.deepStrictEqual(roundTrip(value), value);
    });
  }

  test("an object of another realm", () => {
    const value: unknown = runInNewContext("({ a: 1 })");
    assert.equal(how(value), "[");
    assert.deepStrictEqual(roundTrip(value), { a: 1 });
  });

  test("what is live", () => {
    for (const value of [callback(() => {}), Promise.resolve(), ref({ a: 1 }), { deep: [ref({ f() {} })] }])
      assert.equal(how(value), "[");
  });

  test("while somebody has given all objects a toJSON", () => {
    const prototype = Object.prototype as { toJSON?: unknown };
    prototype.toJSON = () => "no";
    try {
      assert.deepStrictEqual(roundTrip({ a: [1] }), { a: [1] });
    } finally {
      delete prototype.toJSON;
    }
  });
});

test("what is sent is not changed, and is read once", () => {
  let reads = 0;
  const inner = { list: [1, undefined, new Date(0)] };
  const value = {
    inner,
    get once() {
      reads += 1;
      return reads;
    },
  };
  assert.deepStrictEqual(roundTrip(value), { inner, once: 1 });
  assert.equal(reads, 1);
  assert.equal(value.inner, inner);
  assert.equal(inner.list[2] instanceof Date, true);
});

describe("what no writer writes is refused", () => {
  const malformed = [
    "=",
    "=[",
    '={"__proto__":{"a":1}}',
    '={"\\u005f_proto__":{"a":1}}',
    '~{"a":[{"__proto__":1}]}',
    '~"\\u0000"',
    '~"\\u0000x"',
    '~"\\u0000ux"',
    '~"\\u0000n1"',
    '~"\\u0000i1.5"',
    '~"\\u0000i"',
    '~"\\u0000d1e3"',
    '~"\\u0000d"',
    '~"\\u0000d1e400"',
    '~"\\u0000r0"',
    '~["\\u0000r1"]',
    '~["\\u0000r-1"]',
    '~["\\u0000rlength"]',
    '~["\\u0000m",1]',
    '~["\\u0000m","\\u0000r1",1]',
    '~[1,"\\u0000m"]',
  ];
  for (const text of malformed) test(JSON.stringify(text), () => assert.throws(() => read(text), ProtocolError));

  test("what is over a limit", () => {
    const nested = (levels: number): string => `=${"[".repeat(levels)}${"]".repeat(levels)}`;
    assert.doesNotThrow(() => read(nested(1_000)));
    assert.throws(() => read(nested(1_001)), SerializationError);
    assert.throws(() => read(nested(500_000)), SerializationError);
    assert.throws(() => read('={"a":"12345"}'.padEnd(1_200), { maxStringLength: 4 }), SerializationError);
    assert.throws(() => read("=[1,2,3]".padEnd(1_200), { maxArrayLength: 2 }), SerializationError);
    assert.throws(() => read("=[1,[2,3]]".padEnd(1_200), { maxNodes: 3 }), SerializationError);
    assert.throws(() => read("=1", { maxTextLength: 1 }), SerializationError);
    assert.throws(() => read(`~"\\u0000i${"1".repeat(12)}"`, { maxBigIntDigits: 10 }), SerializationError);
  });
});
