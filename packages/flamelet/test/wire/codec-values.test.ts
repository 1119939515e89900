import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encode } from "../../src/wire/codec.ts";
import { arrive, roundTrip, thenable } from "./codec-peer.ts";
import { onBun, onDeno } from "../runtimes.ts";

const sparse: unknown[] = Object.assign([], { 0: 1, 2: 3 });
const verySparse: unknown[] = [];
verySparse[100_000] = "far";

/** Values that arrive deeply and strictly equal. */
const values: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  true: true,
  zero: 0,
  "negative zero": -0,
  "a float": 1.5e300,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  "an empty string": "",
  "a string with all that needs escaping": '</script>"\\\u0000\u2028\u2029\n😀',
  "a lone surrogate": "\ud800",
  "a bigint": 2n ** 200n,
  "a negative bigint": -5n,
  "a plain object": { a: 1, "b c": [{}], "": null },
  "keys that look like methods": { constructor: 1, toString: 2, hasOwnProperty: 3, toJSON: 4, ...thenable(5) },
  "a null-prototype object": Object.assign(Object.create(null), { a: { b: 1 } }),
  "an array": [1, "two", [3]],
  "an empty array": [],
  "an array with a hole": sparse,
  "an array of holes": Object.assign([], { length: 3 }),
  "a very sparse array": verySparse,
  "undefined in an array": [undefined],
  "a Map": new Map<unknown, unknown>([
    ["a", 1],
    [{ k: 1 }, new Map([[-0, Number.NaN]])],
  ]),
  "a Set": new Set([1, "1", new Set([undefined])]),
  "a Date": new Date(1_700_000_000_123),
  "an invalid Date": new Date(Number.NaN),
  "a Date of long ago": new Date(-1e14),
  "a RegExp": /a\/b[/]</giu,
  "a RegExp without flags": /x/,
  "a boxed number": Object(5),
  "a boxed -0": Object(-0),
  "a boxed string": Object("x"),
  "a boxed boolean": Object(false),
  "a boxed bigint": Object(7n),
  "an ArrayBuffer": new Uint8Array([1, 2, 3]).buffer,
  "an empty ArrayBuffer": new ArrayBuffer(0),
  "a DataView": new DataView(new Uint8Array([9, 8]).buffer),
  Int8Array: new Int8Array([-1]),
  Uint8Array: new Uint8Array([255, 0]),
  Uint8ClampedArray: new Uint8ClampedArray([300]),
  Int16Array: new Int16Array([-300, 5]),
  Uint16Array: new Uint16Array([65535]),
  Int32Array: new Int32Array([-70000]),
  Uint32Array: new Uint32Array([4e9]),
  Float32Array: new Float32Array([0.5, -0]),
  Float64Array: new Float64Array([Math.PI, Number.NaN]),
  BigInt64Array: new BigInt64Array([-1n]),
  BigUint64Array: new BigUint64Array([2n ** 63n]),
  "a Buffer": Buffer.from("buffer"),
  "a URL": new URL("https://user@example.com:8443/a?b=c#d"),
  URLSearchParams: new URLSearchParams("a=1&a=2&b=%20"),
  "a match": /(?<year>\d+)-(\d+)/.exec("on 2024-05"),
};
const { Float16Array } = globalThis as { Float16Array?: new (values: number[]) => unknown };
if (Float16Array !== undefined) values["Float16Array"] = new Float16Array([1.5, -2]);

describe("values arrive equal", () => {
  for (const [name, value] of Object.entries(values)) {
    const skip = name === "URLSearchParams" && onBun("its deepStrictEqual tells such values apart");
    test(name, { skip }, () => {
      assert.deepStrictEqual(roundTrip(value), value);
      assert.deepStrictEqual(roundTrip({ in: [value] }), { in: [value] });
      assert.deepStrictEqual(roundTrip(new Map([["k", value]])), new Map([["k", value]]));
    });
  }

  test("an object of another realm", async () => {
    const { runInNewContext } = await import("node:vm");
    const foreign: unknown = runInNewContext("({ a: [1, { b: 2 }] })");
    assert.deepStrictEqual(roundTrip(foreign), { a: [1, { b: 2 }] });
    const error = roundTrip(runInNewContext("new RangeError('far')"));
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, "far");
  });

  test("toJSON is never called", () => {
    const value = { toJSON: 1, date: new Date(5) };
    value.date.toJSON = () => assert.fail("toJSON was called");
    assert.equal(roundTrip(value).date.getTime(), 5);
  });

  test("getters are read once", () => {
    let reads = 0;
    const value = {
      get a(): number {
        return ++reads;
      },
    };
    assert.deepStrictEqual(roundTrip(value), { a: 1 });
    assert.equal(reads, 1);
  });
});

describe("identity", () => {
  test("cycles through objects, arrays, maps and sets", () => {
    const value: Record<string, unknown> = { list: [], map: new Map(), set: new Set() };
    (value["list"] as unknown[]).push(value);
    (value["map"] as Map<unknown, unknown>).set(value, value["set"]);
    (value["set"] as Set<unknown>).add(value);
    const got = roundTrip(value);
    assert.equal(got.list[0], got);
    assert.equal(got.map.get(got), got.set);
    assert.ok(got.set.has(got));
  });

  test("what is shared between arguments stays shared", () => {
    const shared = { n: 1 };
    const date = new Date(1);
    const [[a], [b, c]] = roundTrip([[{ shared, date }], [shared, date]]);
    assert.equal(a.shared, b);
    assert.equal(a.date, c);
  });

  test("an array that leads back to itself through a named property", () => {
    const list: unknown[] & { self?: unknown } = [1];
    list.self = list;
    const got = roundTrip(list);
    assert.equal(got.self, got);
    assert.deepStrictEqual(Object.keys(got), ["0", "self"]);
  });
});

describe("bytes", () => {
  test("are attached as they are, and not written into the text", () => {
    const bytes = new Uint8Array(100_000);
    const encoded = encode({ bytes });
    assert.equal(encoded.attachments.length, 1);
    assert.equal(encoded.attachments[0]?.buffer, bytes.buffer);
    assert.ok(encoded.json.length < 200);
    assert.equal(encoded.ready, null);
  });

  test("views of a whole buffer share it over there", () => {
    const buffer = new ArrayBuffer(8);
    const encoded = encode([new Uint8Array(buffer), new Float64Array(buffer), buffer]);
    assert.equal(encoded.attachments.length, 1);
    const [u8, f64, got] = arrive(encoded) as [Uint8Array, Float64Array, ArrayBuffer];
    f64[0] = 1;
    assert.equal(u8[7], 0x3f);
    assert.equal(u8.buffer, got);
  });

  test(
    "of a view on a part of a buffer, only what it shows is sent",
    { skip: onBun("its buffers share no memory") },
    () => {
      const big = new Uint8Array(1000).fill(7);
      for (const part of [big.subarray(10, 12), Buffer.from(big.buffer, 10, 2), new DataView(big.buffer, 10, 2)]) {
        const encoded = encode(part);
        assert.equal(encoded.attachments[0]?.byteLength, 2);
        const got = arrive(encoded) as Uint8Array;
        assert.equal(got.constructor, part.constructor);
        assert.equal(got.byteLength, 2);
      }
      const pooled = Buffer.from("pooled");
      assert.notEqual(pooled.byteLength, pooled.buffer.byteLength);
      assert.equal(encode(pooled).attachments[0]?.byteLength, 6);
    },
  );

  test("a typed array arrives on a buffer of its own size, wherever its bytes lay in the message", () => {
    const encoded = encode(new Float64Array([1, 2]));
    const message = new Uint8Array(21);
    message.set(encoded.attachments[0] as Uint8Array, 5);
    const got = arrive({ ...encoded, attachments: [message.subarray(5)] }) as Float64Array;
    assert.deepStrictEqual(got, new Float64Array([1, 2]));
    assert.equal(got.buffer.byteLength, 16);
  });

  test(
    "a Blob and a File are read before they are sent",
    { skip: onBun("it adds a charset to the type of a Blob") },
    async () => {
      const blob = new Blob(["hello"], { type: "text/plain" });
      const file = new File(["bytes"], "a.txt", { type: "text/x", lastModified: 1234 });
      const encoded = encode({ blob, again: blob, file });
      assert.equal(encoded.attachments.length, 2);
      await encoded.ready;
      const got = arrive(encoded) as { blob: Blob; again: Blob; file: File };
      assert.equal(await got.blob.text(), "hello");
      assert.equal(got.blob.type, "text/plain");
      assert.equal(got.again, got.blob);
      assert.ok(got.file instanceof File);
      assert.equal(await got.file.text(), "bytes");
      assert.deepStrictEqual([got.file.name, got.file.type, got.file.lastModified], ["a.txt", "text/x", 1234]);
    },
  );

  test("a Blob that cannot be read makes ready reject", async () => {
    const blob = new Blob(["x"]);
    blob.arrayBuffer = () => Promise.reject(new Error("gone"));
    await assert.rejects(async () => encode(blob).ready, { code: "ERR_FLAME_SERIALIZATION", message: /gone/ });
  });
});

describe("fetch", () => {
  test("Headers", () => {
    const headers = new Headers([
      ["a", "1"],
      ["set-cookie", "x=1"],
      ["set-cookie", "y=2"],
    ]);
    const got = roundTrip(headers);
    assert.ok(got instanceof Headers);
    assert.deepStrictEqual([...got], [...headers]);
    assert.deepStrictEqual(got.getSetCookie(), ["x=1", "y=2"]);
  });

  test("a Request without a body", () => {
    const got = roundTrip(
      new Request("https://a.example/x", { method: "DELETE", headers: { cookie: "c=1" }, redirect: "manual" }),
    );
    assert.ok(got instanceof Request);
    assert.deepStrictEqual(
      [got.url, got.method, got.redirect, got.body],
      ["https://a.example/x", "DELETE", "manual", null],
    );
    assert.equal(got.headers.get("cookie"), "c=1");
  });

  test(
    "a Request and a Response with bodies hand over the stream",
    { skip: onBun("their bodies are no byte streams") || onDeno("their bodies are no byte streams") },
    () => {
      const request = new Request("https://a.example/", { method: "POST", body: "hi" });
      const encoded = encode(request);
      assert.deepStrictEqual(
        encoded.exports.map((entry) => entry.kind),
        ["signal", "readable"],
      );
      assert.equal(encoded.exports[1]?.value, request.body);
      assert.equal(encoded.exports[1]?.bytes, true);
      assert.ok((arrive(encoded) as Request).body instanceof ReadableStream);

      const response = encode(new Response("hi", { status: 201, statusText: "Made", headers: { "x-a": "1" } }));
      assert.equal(response.exports.length, 1);
      const got = arrive(response) as Response;
      assert.ok(got instanceof Response);
      assert.deepStrictEqual([got.status, got.statusText, got.headers.get("x-a")], [201, "Made", "1"]);
      assert.ok(got.body instanceof ReadableStream);
    },
  );

  test("a Response without a body", () => {
    const got = roundTrip(new Response(null, { status: 204 }));
    assert.deepStrictEqual([got.status, got.body], [204, null]);
  });
});
