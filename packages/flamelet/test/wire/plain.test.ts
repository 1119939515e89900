/** The short way for plain values: which values take it, that they arrive as they were, and what it refuses to read. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import { ProtocolError, SerializationError } from "../../src/errors.ts";
import { callback, ref } from "../../src/wire/by-reference.ts";
import { decode, encode } from "../../src/wire/codec.ts";
import { defaultValueLimits } from "../../src/wire/limits.ts";
import { RecordingImporter, refusalOf, roundTrip } from "./codec-peer.ts";
import { onBun } from "../runtimes.ts";

/** How a value is written. */
const how = (value: unknown): string => {
  const { json } = encode(value);
  if (json.startsWith("!")) return "by devalue";
  return json.startsWith(String.raw`["\u0000",`) ? "with stand-ins" : "as it is";
};
/** The tables in the text of a value. */
const tables = (value: unknown): number => encode(value).json.split(String.raw`["\u0000t",[`).length - 1;
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
      assert.equal(how(value), "as it is");
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
      assert.equal(how(value), "with stand-ins");
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
      assert.equal(how(value), "with stand-ins");
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
    assert.equal(how(all), "with stand-ins");
    const got = roundTrip(all);
    for (const each of got) assert.equal(each.next, got[(each.n * 7) % 50]);
  });
});

describe("many objects with the same keys", () => {
  const rows = <T>(of: (n: number) => T): T[] => Array.from({ length: 20 }, (_, n) => of(n));
  const row = (n: number): Record<string, unknown> => ({ id: n, name: `row ${n}`, active: n % 2 === 0 });

  const tabular: Record<string, unknown[]> = {
    rows: rows(row),
    "what JSON does not know": rows((n) => ({ a: undefined, b: -0, c: new Date(n), d: [BigInt(n)], e: "\0u", f: NaN })),
    "objects in them": rows((n) => ({ at: { x: n, y: [n] }, tags: new Set([n]), by: new Map([[n, {}]]) })),
    "keys of all sorts": rows((n) => ({
      7: n,
      0: n,
      "": n,
      "\0t": n,
      "\ud800": n,
      toString: n,
      constructor: n,
      length: n,
    })),
    "more keys than usual": rows((n) => Object.fromEntries(Array.from({ length: 200 }, (_, k) => [`key${k}`, n * k]))),
  };
  for (const [name, value] of Object.entries(tabular)) {
    test(`${name}: as a table`, () => {
      assert.equal(tables(value), 1);
      const got = roundTrip(value) as object[];
      assert.deepStrictEqual(got, value);
      assert.deepEqual(
        got.map(Object.entries),
        value.map((each) => Object.entries(each as object)),
      );
      assert.deepEqual(Object.getOwnPropertyDescriptors(got[19]), Object.getOwnPropertyDescriptors(value[19]));
    });
  }

  test("tables in tables", () => {
    const value = rows(() => ({ rows: rows(row) }));
    assert.equal(tables(value), 21);
    assert.deepStrictEqual(roundTrip(value), value);
  });

  const others: Record<string, unknown[]> = {
    "a key less": [...rows(row), { id: 1, name: "a" }],
    "a key more": [...rows(row), { ...row(1), more: 1 }],
    "another key": [...rows(row), { id: 1, name: "a", activ: true }],
    "another order": [...rows(row), { name: "a", id: 1, active: true }],
    "no keys": rows(() => ({})),
    "one that is null": [...rows(row), null],
    "one that is an array": [...rows((n) => ({ 0: n })), [1]],
    "one that is no object": ["a", ...rows(row)],
    "one that is there twice": ((all) => [...all, all[3]])(rows(row)),
    "an array that looks like a table": ["\0t", ["a"], ...rows((n) => n)],
    "few of them": rows(row).slice(0, 3),
  };
  for (const [name, value] of Object.entries(others)) {
    test(`${name}: no table`, () => {
      assert.equal(tables(value), 0);
      assert.deepStrictEqual(roundTrip(value), value);
    });
  }

  test("an object among them with a symbol as key is refused", () => {
    refusalOf([...rows(row), { ...row(1), [Symbol("a")]: 1 }]);
  });

  test("references into a table, out of one, and to itself", () => {
    const date = new Date(0);
    const all = rows((n) => ({ n, date: n === 3 ? date : new Date(n), next: null as unknown, all: null as unknown }));
    for (const each of all) Object.assign(each, { next: all[each.n >> 1], all });
    const value = { before: date, all, after: all[5] };
    assert.equal(tables(value), 1);
    const got = roundTrip(value);
    assert.equal(got.all[3].date, got.before);
    assert.equal(got.after, got.all[5]);
    for (const each of got.all) {
      assert.equal(each.next, got.all[each.n >> 1]);
      assert.equal(each.all, got.all);
    }
  });

  test("each getter is read once", () => {
    let reads = 0;
    const value = rows((n) => ({
      n,
      get once() {
        return (reads += 1);
      },
    }));
    assert.deepStrictEqual(
      roundTrip(value),
      rows((n) => ({ n, once: n + 1 })),
    );
  });

  test("no setter that all objects have is called", () => {
    const value = rows(row);
    let calls = 0;
    const set = (): void => {
      calls += 1;
    };
    Object.defineProperty(Object.prototype, "name", { set, configurable: true });
    try {
      assert.equal(roundTrip(value)[2].name, "row 2");
      assert.equal(calls, 0);
    } finally {
      delete (Object.prototype as { name?: unknown }).name;
    }
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
      assert.equal(how(value), "by devalue");
      assert.deepStrictEqual(roundTrip(value), value);
    });
  }

  test("an object of another realm", () => {
    const value: unknown = runInNewContext("({ a: 1 })");
    assert.equal(how(value), "by devalue");
    assert.deepStrictEqual(roundTrip(value), { a: 1 });
  });

  test("what is live", () => {
    for (const value of [callback(() => {}), Promise.resolve(), ref({ a: 1 }), { deep: [ref({ f() {} })] }])
      assert.equal(how(value), "by devalue");
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
    "",
    "[",
    "-1-",
    '["\\u0000",',
    '["\\u0000",]',
    '["\\u0000",1,2]',
    '{"__proto__":{"a":1}}',
    '{"\\u005f_proto__":{"a":1}}',
    '["\\u0000",{"a":[{"__proto__":1}]}]',
    '["\\u0000","\\u0000"]',
    '["\\u0000","\\u0000x"]',
    '["\\u0000","\\u0000ux"]',
    '["\\u0000","\\u0000n1"]',
    '["\\u0000","\\u0000i1.5"]',
    '["\\u0000","\\u0000i"]',
    '["\\u0000","\\u0000d1e3"]',
    '["\\u0000","\\u0000d"]',
    '["\\u0000","\\u0000d1e400"]',
    '["\\u0000","\\u0000r0"]',
    '["\\u0000",["\\u0000r1"]]',
    '["\\u0000",["\\u0000r-1"]]',
    '["\\u0000",["\\u0000rlength"]]',
    '["\\u0000",["\\u0000m",1]]',
    '["\\u0000",["\\u0000m","\\u0000r1",1]]',
    '["\\u0000",[1,"\\u0000m"]]',
    '["\\u0000",["\\u0000t"]]',
    '["\\u0000",["\\u0000t",["a"]]]',
    '["\\u0000",["\\u0000t",[],1]]',
    '["\\u0000",["\\u0000t","a",1]]',
    '["\\u0000",["\\u0000t",["a",1],1,2]]',
    '["\\u0000",["\\u0000t",["a","b"],1,2,3]]',
    '["\\u0000",["\\u0000t",["a","a"],1,2]]',
    '["\\u0000",["\\u0000t",["__proto__"],{"a":1}]]',
    '["\\u0000",["\\u0000t",["a"],"\\u0000r2"]]',
  ];
  for (const text of malformed) test(JSON.stringify(text), () => assert.throws(() => read(text), ProtocolError));

  test("what is over a limit", () => {
    const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    assert.doesNotThrow(() => read(nested(1_000)));
    assert.throws(() => read(nested(1_001)), SerializationError);
    assert.throws(() => read(nested(500_000)), SerializationError);
    assert.throws(() => read('{"a":"12345"}'.padEnd(1_200), { maxStringLength: 4 }), SerializationError);
    assert.throws(() => read("[1,2,3]".padEnd(1_200), { maxArrayLength: 2 }), SerializationError);
    assert.throws(() => read("[1,[2,3]]".padEnd(1_200), { maxNodes: 3 }), SerializationError);
    assert.throws(() => read("12", { maxTextLength: 1 }), SerializationError);
    assert.throws(() => read(`["\\u0000","\\u0000i${"1".repeat(12)}"]`, { maxBigIntDigits: 10 }), SerializationError);
    const table = String.raw`["\u0000",["\u0000t",["a"],[1],[2]]]`;
    assert.deepEqual(read(table, { maxDepth: 3, maxNodes: 6 }), [{ a: [1] }, { a: [2] }]);
    assert.throws(() => read(table, { maxDepth: 2 }), SerializationError);
    assert.throws(() => read(String.raw`["\u0000",["\u0000t",["a"],1]]`, { maxDepth: 1 }), SerializationError);
    assert.throws(() => read(table, { maxNodes: 5 }), SerializationError);
  });
});
