import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, test } from "node:test";
import { encode } from "../../src/wire/codec.ts";
import { defaultValueLimits } from "../../src/wire/limits.ts";
import { formatPath, toSerializationError, Unsendable } from "../../src/wire/unsendable.ts";
import { refusalOf, thenable } from "./codec-peer.ts";

class Socket {}
class Weird {
  static {
    Object.assign(
      this.prototype,
      thenable(() => {}),
    );
  }
}
class List extends Array {}
class Registry extends Map {}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function nested(levels: number): unknown {
  let value: unknown = "bottom";
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { v: value };
  return value;
}

const socket = new Socket();

/** name: [value, path, found, why] */
const refusals: Record<string, [unknown, string, string, RegExp]> = {
  "a class instance at the top": [socket, "", "Socket", /codec/],
  "deep in objects": [{ db: { pool: { socket } } }, "db.pool.socket", "Socket", /codec/],
  "deep in arrays": [[{ pool: { socket } }], "[0].pool.socket", "Socket", /codec/],
  "after siblings that went deeper": [{ a: { b: [{ c: {} }] }, d: [1, { e: {} }, socket] }, "d[2]", "Socket", /codec/],
  "under an odd key": [{ "content-type": [socket] }, '["content-type"][0]', "Socket", /codec/],
  "in a Map under a text": [{ users: new Map([["ann", { socket }]]) }, 'users.get("ann").socket', "Socket", /codec/],
  "in a Map under a number": [new Map([[7, socket]]), "get(7)", "Socket", /codec/],
  "in a Map under an object": [new Map([[{ k: { l: {} } }, [socket]]]), "entries()[0][0]", "Socket", /codec/],
  "right in a Map under an object": [new Map([[{ k: { l: {} } }, socket]]), "entries()[0]", "Socket", /codec/],
  "in the key of a Map": [new Map([[{ deep: socket }, 1]]), "entries()[0].deep", "Socket", /codec/],
  "in a Set": [{ set: new Set([1, { socket }]) }, "set.values()[1].socket", "Socket", /codec/],
  "in a null-prototype object": [Object.assign(Object.create(null), { socket }), "socket", "Socket", /codec/],
  "in a sparse array": [Object.assign([], { 5000: socket }), "[5000]", "Socket", /codec/],
  "in a named property of an array": [
    { list: Object.assign([1], { meta: { socket } }) },
    "list.meta.socket",
    "Socket",
    /codec/,
  ],
  "as the reason of a signal": [{ signal: AbortSignal.abort({ socket }) }, "signal.socket", "Socket", /codec/],
  "a function": [{ on: { end() {} } }, "on.end", "function end", /flame\.callback/],
  "an anonymous function": [[() => {}], "[0]", "function", /flame\.callback/],
  "a class": [{ Socket }, "Socket", "class Socket", /module scope/],
  "a symbol": [{ a: Symbol("x") }, "a", "symbol", /symbols/],
  "a registered symbol": [[Symbol.for("x")], "[0]", "symbol", /symbols/],
  "a boxed symbol": [Object(Symbol("x")), "", "Symbol", /./],
  "a key that is a symbol": [{ a: { [Symbol("x")]: 1 } }, "a", "symbol", /Symbol\(x\)/],
  "a WeakMap": [{ cache: new WeakMap() }, "cache", "WeakMap", /weak/],
  "a WeakSet": [new WeakSet(), "", "WeakSet", /weak/],
  "a WeakRef": [new WeakRef({}), "", "WeakRef", /weak/],
  "a generator": [(function* () {})(), "", "", /iterators/],
  "an iterator": [{ it: [1].values() }, "it", "Iterator", /iterators/],
  "an emitter": [{ bus: new EventEmitter() }, "bus", "EventEmitter", /codec/],
  "a class that extends Array": [{ rows: new List() }, "rows", "List", /Array\.from/],
  "a class that extends Map": [{ reg: new Registry() }, "reg", "Registry", /codec/],
  "a promise of another kind": [{ query: new Weird() }, "query", "Weird", /await it/],
  "a plain thenable": [thenable(function later() {}), "then", "function later", /flame\.callback/],
  "shared memory": [{ mem: new SharedArrayBuffer(8) }, "mem", "SharedArrayBuffer", /shared memory/],
  "a view of shared memory": [[new Uint8Array(new SharedArrayBuffer(8))], "[0]", "SharedArrayBuffer", /shared memory/],
  "a transferred buffer": [{ b: transferred() }, "b", "ArrayBuffer", /transferred/],
  "an own __proto__": [{ a: JSON.parse('{"__proto__": {"x": 1}}') }, "a.__proto__", "own property", /does not cross/],
  "an own __proto__ without a prototype": [
    Object.defineProperty(Object.create(null), "__proto__", { value: 1, enumerable: true }),
    "__proto__",
    "own property",
    /does not cross/,
  ],
  "a getter that throws": [
    {
      a: {
        get b() {
          return boom();
        },
      },
    },
    "a.b",
    "getter",
    /boom/,
  ],
  "a revoked proxy": [{ p: revoked() }, "p", "object", /cannot be read/],
  "an object that only looks like a Map": [{ m: Object.create(Map.prototype) }, "m", "Map", /codec/],
  "an object that only looks like a Date": [{ d: Object.create(Date.prototype) }, "d", "Date", /codec/],
  "an object that only looks like a URL": [{ u: Object.create(URL.prototype) }, "u", "URL", /cannot be read/],
  "a proxy of a Map": [{ m: new Proxy(new Map(), {}) }, "m", "Map", /codec/],
  "a bigint beyond the limit": [{ n: 10n ** 10_001n }, "n", "bigint", /10000 digits/],
  "an array beyond the limit": [
    { a: Object.assign([], { length: 2 ** 32 - 1 }) },
    "a",
    "Array",
    /longer than the limit/,
  ],
};

function boom(): never {
  throw new Error("boom");
}

function transferred(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

describe("what cannot cross is refused, with its path", () => {
  for (const [name, [value, path, found, why]] of Object.entries(refusals)) {
    test(name, () => {
      const error = refusalOf(value);
      assert.equal(error.path, path);
      if (name !== "a generator" && name !== "an iterator") assert.equal(error.found, found);
      assert.match(error.why, why);
      const deeper = refusalOf([1, { x: value }]);
      assert.equal(deeper.path, formatPath([1, "x", ...error.segments]));
    });
  }

  test("depth beyond the limit, and no crash however deep", () => {
    const { maxDepth } = defaultValueLimits;
    encode(nested(maxDepth - 1));
    for (const levels of [maxDepth, 1_000_000]) {
      const error = refusalOf(nested(levels));
      assert.match(error.why, /deeper than the limit/);
      assert.equal(error.segments.length, maxDepth - 1);
    }
  });

  test("an object that is endless through its getters", () => {
    const endless = {
      get more(): unknown {
        return Object.create(Object.prototype, Object.getOwnPropertyDescriptors(endless));
      },
    };
    assert.match(refusalOf(endless).why, /deeper than the limit/);
  });

  test("near the end of the stack", () => {
    const error = ((): unknown => {
      const dive = (): unknown => {
        try {
          return dive();
        } catch {
          try {
            encode(nested(500));
          } catch (reason) {
            return reason;
          }
          return null;
        }
      };
      return dive();
    })();
    // Whether the rest of the stack was enough is not for us to say; a crash or an untyped error would be.
    assert.ok(error === null || error instanceof Unsendable || error instanceof RangeError);
  });

  test("a text beyond the limit", () => {
    assert.match(refusalOf(["x".repeat(defaultValueLimits.maxStringLength + 1)]).why, /longer than the limit/);
  });

  test("nothing is left behind by a refusal: the same parts can be sent afterwards", () => {
    const ok = { a: 1 };
    refusalOf([ok, socket]);
    assert.equal(encode(ok).json, encode({ a: 1 }).json);
  });
});

describe("how it is said", () => {
  test("paths are written as code", () => {
    assert.equal(formatPath(["db", "pool", 0, "a b", { entry: "get(1)" }, "x"]), 'db.pool[0]["a b"].get(1).x');
    assert.equal(formatPath([0, "über", "1a"]), '[0].über["1a"]');
    assert.equal(formatPath([]), "");
  });

  test("with what was sent, and from where", () => {
    const unsendable = refusalOf([[{ pool: { socket } }], []]).rebase(2, "db");
    const error = toSerializationError(unsendable, 'captured variable "db"', "src/thumbs.ts:42");
    assert.match(
      error.message,
      /^cannot send captured variable "db" \(db\.pool\.socket: Socket\) from src\/thumbs\.ts:42: instances of a class/,
    );
    assert.deepStrictEqual(
      [error.path, error.code, error.outcome],
      ["db.pool.socket", "ERR_FLAME_SERIALIZATION", "not-started"],
    );
    assert.match(toSerializationError(refusalOf(socket), "the result").message, /^cannot send the result \(Socket\): /);
  });

  test("what a getter threw is the cause", () => {
    const error = refusalOf({
      get a() {
        return boom();
      },
    });
    assert.equal((error.cause as Error).message, "boom");
    assert.equal((toSerializationError(error, "x").cause as Error).message, "boom");
  });
});

test("a value that is longer than a message may be is refused before it is sent", () => {
  const half = new Uint8Array(128 * 1024 * 1024);
  assert.throws(
    () => encode([half, half.slice()]),
    (error) =>
      error instanceof Unsendable &&
      /it is 257 MiB long, and one value may be 255 MiB: send a stream/.test(error.message),
  );
});

test("a Blob that is longer than a message may be is refused when it has been read", async () => {
  const part = new Uint8Array(64 * 1024 * 1024);
  const { ready } = encode(new Blob([part, part, part, part]));
  await assert.rejects(
    ready as Promise<void>,
    (error) => error instanceof Unsendable && /257|256 MiB/.test(error.message),
  );
});
