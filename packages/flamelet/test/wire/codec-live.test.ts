import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Duplex, PassThrough, Readable, Writable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { describeClosure, registerFunction, unregisterFunction } from "../../src/registry.ts";
import { callback, markImported, methodsOf, ref } from "../../src/wire/by-reference.ts";
import { encode } from "../../src/wire/codec.ts";
import { arrive, onlyExport, RecordingImporter, refusalOf, roundTrip } from "./codec-peer.ts";
import { onBun, onDeno } from "../runtimes.ts";

describe("functions", () => {
  test("marked with callback, they stay here and are reached by id", () => {
    const fn = callback((n: number) => n);
    const encoded = encode({ fn, again: fn });
    const entry = onlyExport(encoded);
    assert.deepStrictEqual([entry.kind, entry.value], ["function", fn]);
    const importer = new RecordingImporter();
    const got = arrive(encoded, importer) as { fn: unknown; again: unknown };
    assert.equal(typeof got.fn, "function");
    assert.equal(got.fn, got.again);
    assert.deepStrictEqual(importer.imported, [{ standIn: "function", id: entry.id }]);
  });

  test("unmarked, they cross only where callbacks are implicit", () => {
    const args = [{ onProgress() {} }];
    assert.equal(refusalOf(args).path, "[0].onProgress");
    assert.equal(onlyExport(encode(args, { implicitCallbacks: true })).value, args[0]?.onProgress);
  });

  test("named functions cross as their id, and are found over there", () => {
    const fn = (): string => "named";
    registerFunction({ id: "test/named", hash: "", captures: [], where: "x.ts:1", make: () => fn });
    describeClosure(fn, { id: "test/named", hash: "", captures: [], where: "x.ts:1", read: () => [] });
    const encoded = encode([fn], { implicitCallbacks: true });
    assert.equal(encoded.exports.length, 0);
    assert.deepStrictEqual(arrive(encoded), [fn]);
    registerFunction({ id: "test/named", hash: "new", captures: [], where: "x.ts:1", make: () => fn });
    assert.throws(() => arrive(encoded), { code: "ERR_FLAME_SERIALIZATION", message: /differs/ });
    unregisterFunction("test/named");
    assert.throws(() => arrive(encoded), { code: "ERR_FLAME_SERIALIZATION", message: /"test\/named" is not known/ });
  });

  test("a compiled closure with captures is no named function", () => {
    const fn = (): void => {};
    describeClosure(fn, { id: "x#y/0", hash: "h", captures: ["a"], where: "x.ts:1", read: () => [1] });
    assert.equal(refusalOf([fn]).found, "function fn");
  });
});

describe("objects by reference", () => {
  class Counter {
    #count = 0;
    readonly label = "c";
    get count(): number {
      return this.#count;
    }
    set count(count: number) {
      this.#count = count;
    }
    increment(by = 1): number {
      return (this.#count += by);
    }
    own = (): number => this.#count;
  }
  class Special extends Counter {
    override increment(): number {
      return -1;
    }
    extra(): string {
      return "extra";
    }
  }

  test("ref exports the object with its methods, by index", () => {
    const counter = new Counter();
    const encoded = encode({ counter: ref(counter) });
    const entry = onlyExport(encoded);
    assert.equal(entry.kind, "object");
    assert.equal(entry.value, counter);
    const importer = new RecordingImporter();
    arrive(encoded, importer);
    assert.deepStrictEqual(importer.imported, [{ standIn: "object", id: entry.id, detail: ["own", "increment"] }]);
    assert.equal(Reflect.apply(entry.methods?.[1] as () => number, entry.value, [5]), 5);
  });

  test("the object itself is not marked", () => {
    const plain = { a: 1, method() {} };
    ref(plain);
    assert.equal(refusalOf([plain]).path, "[0].method");
    const data = { a: 1 };
    assert.equal(onlyExport(encode(ref(data))).value, data);
    assert.deepStrictEqual(roundTrip(data), { a: 1 });
  });

  test("one object is exported once per value, however often it is wrapped", () => {
    const counter = new Counter();
    assert.equal(ref(counter), ref(counter));
    assert.equal(ref(ref(counter)), ref(counter));
    onlyExport(encode([ref(counter), ref(counter)]));
  });

  test("on this side, the wrapper works like the object, private fields included", () => {
    const counter = new Counter();
    const wrapped = ref(counter);
    assert.equal(wrapped.increment(2), 2);
    wrapped.count = 7;
    assert.deepStrictEqual([counter.count, wrapped.count, wrapped.label], [7, 7, "c"]);
    assert.ok(wrapped instanceof Counter);
    assert.equal(ref(Object.freeze({ f: () => 1 })).f(), 1);
  });

  test("methodsOf: own and inherited, overridden once, no getters, no constructor, no symbols", () => {
    assert.deepStrictEqual([...methodsOf(new Special()).keys()], ["own", "increment", "extra"]);
    assert.equal(methodsOf(new Special()).get("increment")?.call(new Special()), -1);
    const trap = {
      get boom(): never {
        return assert.fail("a getter was invoked");
      },
      [Symbol.iterator]() {},
      fine() {},
    };
    assert.deepStrictEqual([...methodsOf(trap).keys()], ["fine"]);
    assert.deepStrictEqual([...methodsOf(Object.assign(Object.create(null), { f() {} })).keys()], ["f"]);
    assert.equal(methodsOf({}).size, 0);
  });

  test("callback and ref check what they take", () => {
    assert.throws(() => callback(1 as never), { code: "ERR_FLAME_OPTION" });
    for (const wrong of [1, null, undefined, () => {}])
      assert.throws(() => ref(wrong as never), { code: "ERR_FLAME_OPTION" });
  });
});

describe("stand-ins travel back to where they live", () => {
  test("as a home, whatever they look like", () => {
    const owner = {};
    const originals = new Map<number, object>();
    const standIns: object[] = [
      () => {},
      Object.create(null),
      { plain: () => {} },
      [() => {}],
      new ReadableStream(),
      Promise.resolve(1),
      new Proxy({}, { get: () => assert.fail("read") }),
    ];
    standIns.forEach((standIn, i) => {
      markImported(standIn, { owner, id: i + 1 });
      originals.set(i + 1, { original: i });
    });
    const encoded = encode(standIns);
    assert.deepStrictEqual(
      encoded.homes,
      standIns.map((_, i) => ({ owner, id: i + 1 })),
    );
    assert.equal(encoded.exports.length, 0);
    const importer = new RecordingImporter();
    for (const [id, original] of originals) importer.homes.set(id, original);
    assert.deepStrictEqual(arrive(encoded, importer), [...originals.values()]);
  });
});

describe("promises and signals", () => {
  test("a promise", () => {
    const promise = Promise.resolve(5);
    const encoded = encode({ promise });
    assert.deepStrictEqual([onlyExport(encoded).kind, onlyExport(encoded).value], ["promise", promise]);
    assert.ok((arrive(encoded) as { promise: unknown }).promise instanceof Promise);
  });

  test("a promise that rejects before anybody over there listens is not unhandled", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    encode(Promise.reject(new Error("early")));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    assert.deepStrictEqual(unhandled, []);
  });

  test("a signal that may still abort is live", () => {
    const { signal } = new AbortController();
    const encoded = encode([signal]);
    assert.deepStrictEqual([onlyExport(encoded).kind, onlyExport(encoded).value], ["signal", signal]);
    assert.equal((arrive(encoded) as [AbortSignal])[0].aborted, false);
  });

  test("one that aborted crosses as a value, with its reason", () => {
    const reason = Object.assign(new TypeError("why"), { code: 5 });
    const encoded = encode(AbortSignal.abort(reason));
    assert.equal(encoded.exports.length, 0);
    const got = arrive(encoded) as AbortSignal;
    assert.ok(got instanceof AbortSignal && got.aborted);
    assert.ok(got.reason instanceof TypeError);
    assert.equal((got.reason as TypeError & { code: number }).code, 5);
    assert.equal(roundTrip(AbortSignal.abort()).reason.name, "AbortError");
    assert.equal(roundTrip(AbortSignal.abort(null)).reason, null);
  });
});

describe("streams", () => {
  test("web streams, with whether they are of bytes", () => {
    const importer = new RecordingImporter();
    const bytes = new ReadableStream({ type: "bytes" });
    const encoded = encode([new ReadableStream(), bytes, new WritableStream()]);
    assert.deepStrictEqual(
      encoded.exports.map(({ kind, bytes }) => [kind, bytes]),
      [
        ["readable", false],
        ["readable", true],
        ["writable", undefined],
      ],
    );
    assert.equal(bytes.locked, false);
    const got = arrive(encoded, importer) as unknown[];
    assert.ok(got[0] instanceof ReadableStream && got[1] instanceof ReadableStream && got[2] instanceof WritableStream);
    assert.deepStrictEqual(
      importer.imported.map(({ standIn, detail }) => [standIn, detail]),
      [
        ["readable", false],
        ["readable", true],
        ["writable", undefined],
      ],
    );
  });

  test("of a byte stream, nothing is pulled", () => {
    const stream = new ReadableStream({ type: "bytes", pull: () => assert.fail("pulled") }, { highWaterMark: 0 });
    encode(stream);
    assert.equal(stream.locked, false);
  });

  test("Node streams arrive as Node streams", () => {
    const values = [Readable.from(["a"]), new Readable({ read() {} }), new PassThrough(), new Writable()];
    const encoded = encode(values);
    assert.deepStrictEqual(
      encoded.exports.map(({ kind, bytes, value }, i) => [kind, bytes, value === values[i]]),
      [
        ["readable", false, true],
        ["readable", true, true],
        ["readable", true, true],
        ["writable", undefined, true],
      ],
    );
    const got = arrive(encoded) as [Readable, Readable, Readable, Writable];
    assert.ok(got.slice(0, 3).every((stream) => stream instanceof Readable));
    assert.deepStrictEqual([got[0].readableObjectMode, got[1].readableObjectMode], [true, false]);
    assert.ok(got[3] instanceof Writable);
    for (const stream of [...values, ...got]) stream.destroy();
  });

  test("a Readable that gives text is not one of bytes", () => {
    const stream = new Readable({ read() {}, encoding: "utf8" });
    assert.equal(onlyExport(encode(stream)).bytes, false);
    stream.destroy();
  });

  test("a locked or destroyed stream is refused", () => {
    const readable = new ReadableStream();
    readable.getReader();
    const writable = new WritableStream();
    writable.getWriter();
    for (const stream of [readable, writable]) assert.match(refusalOf({ stream }).why, /locked/);
    const gone = new Readable({ read() {} }).destroy();
    assert.match(refusalOf([gone]).why, /destroyed/);
  });

  test("a body that was used is refused", async () => {
    const response = new Response("x");
    await response.text();
    assert.match(refusalOf({ response }).why, /used/);
    const request = new Request("http://a.example", { method: "POST", body: "x" });
    await request.text();
    assert.match(refusalOf({ request }).why, /used/);
    assert.match(refusalOf(Response.error()).why, /failed/);
  });

  test("async generators and other async iterables", () => {
    const generator = (async function* () {})();
    const plain = { [Symbol.asyncIterator]: () => generator };
    class Cursor {
      [Symbol.asyncIterator](): AsyncGenerator {
        return generator;
      }
    }
    for (const value of [generator, plain, new Cursor()]) {
      const entry = onlyExport(encode([value]));
      assert.deepStrictEqual([entry.kind, entry.value], ["iterable", value]);
      const [got] = roundTrip([value]) as [AsyncIterable<unknown>];
      assert.equal(typeof got[Symbol.asyncIterator], "function");
    }
  });
});

describe("sockets", () => {
  const server = createServer();
  let socket: Socket;
  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    socket = connect((server.address() as { port: number }).port, "127.0.0.1");
    await once(socket, "connect");
  });
  after(() => {
    socket.destroy();
    server.close();
  });

  test("are refused, as every stream of two ways", () => {
    const error = refusalOf({ db: { pool: { socket } } });
    assert.deepStrictEqual([error.path, error.found], ["db.pool.socket", "Socket"]);
    assert.equal(refusalOf(new Proxy(socket, {})).found, "Socket");
    const duplex = new Duplex({ read() {}, write() {} });
    assert.equal(refusalOf([duplex]).found, "Duplex");
    duplex.destroy();
  });

  test(
    "but each way of one is a stream like any other",
    { skip: onBun("pipes of a child are plain streams") || onDeno("pipes of a child are plain streams") },
    async () => {
      const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "pipe", "ignore"] });
      try {
        assert.match(refusalOf([child.stdout]).why, /PassThrough/);
        assert.equal(onlyExport(encode(child.stdout.pipe(new PassThrough()))).kind, "readable");
        assert.equal(onlyExport(encode(child.stdin)).kind, "writable");
      } finally {
        child.stdin.end();
        await once(child, "exit");
      }
    },
  );
});

test("ids are unique in this process, over all values", () => {
  const ids = [1, 2, 3].flatMap(() => encode([callback(() => {}), Promise.resolve()]).exports.map(({ id }) => id));
  assert.equal(new Set(ids).size, 6);
  assert.ok(ids.every((id) => Number.isSafeInteger(id) && id > 0));
});
