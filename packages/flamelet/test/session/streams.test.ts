import assert from "node:assert/strict";
import { PassThrough, Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { describe, test } from "node:test";
import { currentContext } from "../../src/child/context.ts";
import { SerializationError } from "../../src/errors.ts";
import { FIRST_WINDOW } from "../../src/session/window.ts";
import { defineCodec } from "../../src/wire/class-codecs.ts";
import { Pair, type Probe, turns } from "./harness.ts";

/** Arrives as something that this side cannot read. */
class Unreadable {}
defineCodec(Unreadable, {
  name: "test/Unreadable",
  encode: () => null,
  decode: () => {
    throw new Error("cannot be read here");
  },
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function webReadable(chunks: readonly unknown[], ended: (reason: unknown) => void = () => {}): ReadableStream {
  const left = [...chunks];
  return new ReadableStream(
    {
      pull: (controller) => (left.length === 0 ? controller.close() : controller.enqueue(left.shift())),
      cancel: ended,
    },
    { highWaterMark: 0 },
  );
}

async function* generate(chunks: readonly unknown[], ended: () => void = () => {}): AsyncGenerator<unknown> {
  try {
    yield* chunks;
  } finally {
    ended();
  }
}

const sources: Record<string, (chunks: readonly unknown[], ended?: (reason?: unknown) => void) => object> = {
  "a web stream": webReadable,
  "an async generator": generate,
  "a Node stream": (chunks, ended = () => {}) => {
    const left = [...chunks];
    return new Readable({
      objectMode: true,
      highWaterMark: 1,
      read() {
        this.push(left.length === 0 ? null : left.shift());
      },
      destroy(error, done) {
        if (error !== null) ended(error);
        done(error);
      },
    });
  },
};

for (const [name, source] of Object.entries(sources)) {
  describe(`${name} to be read`, () => {
    test("arrives whole and in order, given and taken", async () => {
      const pair = new Pair();
      const chunks = numbers(1_000);
      const { value, probe } = await pair.wrapped(() => source(chunks));
      assert.deepEqual(await Array.fromAsync(value), chunks);
      await turns();
      assert.equal(probe.over, true);
      assert.deepEqual(
        await pair.value((given: AsyncIterable<number>) => Array.fromAsync(given), [source(chunks)]),
        chunks,
      );
      await turns();
      assert.deepEqual(pair.left, {});
    });

    test("arrives whole though its last chunk is large, and before its call has ended", async () => {
      const pair = new Pair();
      const chunks = ["small", "x".repeat(300_000), new Uint8Array(250_000)];
      const { value } = await pair.wrapped(() => source(chunks));
      assert.deepEqual(await Array.fromAsync(value), chunks);
      assert.deepEqual(
        await pair.value(
          async (given: AsyncIterable<{ length: number }>) =>
            (await Array.fromAsync(given)).map((chunk) => chunk.length),
          [source(chunks)],
        ),
        [5, 300_000, 250_000],
      );
      await turns();
      assert.deepEqual(pair.left, {});
    });

    test("is not touched before somebody reads, and then only so far ahead", async () => {
      const pair = new Pair();
      let made = 0;
      const counted = new Proxy(numbers(100_000), {
        get(target, key, receiver) {
          if (typeof key === "string" && /^\d+$/.test(key)) made += 1;
          return Reflect.get(target, key, receiver) as unknown;
        },
      });
      // The proxy counts what is read of it, so it must not be copied before.
      async function* slowly(): AsyncGenerator<unknown> {
        for (let i = 0; i < counted.length; i++) yield counted[i];
      }
      const stream =
        name === "a web stream"
          ? ReadableStream.from(slowly())
          : name === "a Node stream"
            ? Readable.from(slowly(), { highWaterMark: 1 })
            : slowly();
      const { value } = await pair.wrapped(() => stream);
      await turns(50);
      assert.ok(made <= 1, `${made} were made before the first was asked for`);
      const iterator = value[Symbol.asyncIterator]();
      await iterator.next();
      await turns(500);
      // What a Node stream holds for its reader counts as read, and is granted again.
      const held = name === "a Node stream" ? 16 : 0;
      assert.ok(made <= 140 + held, `${made} were made for a reader that took one`);
      for (let i = 0; i < 1_000; i++) await iterator.next();
      await turns(500);
      assert.ok(made > 1_000 && made <= 1_140 + held, `${made} were made for a reader that took 1001`);
      await iterator.return();
      await turns();
      assert.deepEqual(pair.left, {});
    });

    test("ends over there when its reader stops, and with it the call", async () => {
      const pair = new Pair();
      let ended = false;
      const { value, probe } = await pair.wrapped(() => source(numbers(100_000), () => (ended = true)));
      for await (const chunk of value) if (chunk === 3) break;
      await turns(50);
      assert.equal(ended, true);
      assert.equal(probe.over, true);
      assert.deepEqual(pair.left, {});
    });

    test("that fails gives what came before, then the same error", async () => {
      const pair = new Pair();
      const failing = (): object => {
        async function* fail(): AsyncGenerator<number> {
          yield* [1, 2];
          throw new RangeError("broken");
        }
        if (name === "a web stream") return ReadableStream.from(fail());
        return name === "a Node stream" ? Readable.from(fail()) : fail();
      };
      const read = async (given: AsyncIterable<unknown>): Promise<unknown[]> => {
        const seen: unknown[] = [];
        try {
          for await (const chunk of given) seen.push(chunk);
        } catch (error) {
          seen.push(error);
        }
        return seen;
      };
      const { value } = await pair.wrapped(failing);
      for (const seen of [await read(value), await pair.value(read, [failing()])]) {
        // A Node stream drops what waits in its buffer when it fails.
        const error = seen.at(-1) as Error;
        assert.ok(error instanceof RangeError && error.message === "broken", String(error));
        if (name !== "a Node stream") assert.deepEqual(seen.slice(0, -1), [1, 2]);
      }
      await turns();
      assert.deepEqual(pair.left, {});
    });

    test("that nobody reads ends with the call that it was given to", async () => {
      const pair = new Pair();
      let ended = false;
      const given = source(numbers(5), () => (ended = true));
      await pair.value(() => "not interested", [given]);
      await turns();
      // A generator that never ran has nothing to clean up; it is finished all the same.
      if (name === "an async generator") assert.equal((await (given as AsyncGenerator).next()).done, true);
      else assert.equal(ended, true);
      assert.deepEqual(pair.left, {});
    });

    test("with a chunk that cannot be sent ends with that error, and the source with it", async () => {
      const pair = new Pair();
      let ended = false;
      const { value, probe } = await pair.wrapped(() => source([1, { deep: new WeakMap() }, 3], () => (ended = true)));
      await assert.rejects(Array.fromAsync(value), SerializationError);
      await turns();
      assert.equal(ended, true);
      assert.equal(probe.over, true);
      assert.deepEqual(pair.left, {});
    });

    test("with a chunk that cannot be read here ends with that error, and nothing else does", async () => {
      const pair = new Pair();
      let ended = false;
      const { value, probe } = await pair.wrapped(() =>
        source([1, new Unreadable(), ...numbers(1_000)], () => (ended = true)),
      );
      const iterator = value[Symbol.asyncIterator]();
      assert.deepEqual(await iterator.next(), { done: false, value: 1 });
      await assert.rejects(iterator.next(), SerializationError);
      await turns();
      assert.equal(ended, true);
      assert.equal(probe.over, true);
      assert.equal(pair.parent.over, false);
      assert.deepEqual(pair.left, {});
    });
  });
}

describe("chunks", () => {
  test("of bytes keep their class", async () => {
    const pair = new Pair();
    const { value } = await pair.wrapped(() => generate([Buffer.from("a"), new Uint8Array([1]), new Uint8Array(0)]));
    const [first, second, third] = (await Array.fromAsync(value)) as Uint8Array[];
    assert.ok(Buffer.isBuffer(first));
    assert.ok(!Buffer.isBuffer(second) && second instanceof Uint8Array);
    assert.equal(third?.length, 0);
  });

  test("with blobs keep their order and count with their size", async () => {
    const pair = new Pair();
    let made = 0;
    async function* blobs(): AsyncGenerator<unknown> {
      for (; made < 20; made++) {
        yield new Blob([new Uint8Array(600_000).fill(made)]);
        yield `after ${made}`;
      }
    }
    const { value } = await pair.wrapped(blobs);
    const iterator = value[Symbol.asyncIterator]();
    await iterator.next();
    await turns(100);
    assert.ok(made <= 3, `${made} were made ahead`);
    const seen = [];
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      seen.push(next.value instanceof Blob ? new Uint8Array(await next.value.arrayBuffer())[0] : next.value);
    }
    assert.deepEqual(seen, [
      "after 0",
      ...numbers(20)
        .slice(1)
        .flatMap((i) => [i, `after ${i}`]),
    ]);
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("larger than the window pass one by one", async () => {
    const pair = new Pair();
    let made = 0;
    async function* large(): AsyncGenerator<Uint8Array> {
      for (; made < 4; made++) yield new Uint8Array(3 * FIRST_WINDOW);
    }
    const { value } = await pair.wrapped(large);
    const iterator = value[Symbol.asyncIterator]();
    await iterator.next();
    await turns(500);
    assert.ok(made <= 2, `${made} were made ahead`);
    let length = 0;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
      length += next.value.length;
    assert.equal(length, 9 * FIRST_WINDOW);
  });

  test("may be asked for many at a time", async () => {
    const pair = new Pair();
    const { value } = await pair.wrapped(() => generate([1, 2]));
    const iterator = value[Symbol.asyncIterator]();
    const all = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()]);
    assert.deepEqual(
      all.map((next: IteratorResult<unknown>) => next.value),
      [1, 2, undefined, undefined],
    );
  });

  test("of a value that changes are sent as they were", async () => {
    const pair = new Pair();
    const chunk = { n: 0 };
    async function* changing(): AsyncGenerator<object> {
      for (; chunk.n < 3; chunk.n++) yield chunk;
    }
    const { value } = await pair.wrapped(changing);
    assert.deepEqual(await Array.fromAsync(value), [{ n: 0 }, { n: 1 }, { n: 2 }]);
  });
});

describe("a streaming call", () => {
  test("takes whatever can be iterated, and nothing else", async () => {
    const pair = new Pair();
    for (const run of [
      () => [1, 2],
      () => new Set([1, 2]),
      () => generate([1, 2]),
      async () => webReadable([1, 2]),
      function* () {
        yield* [1, 2];
      },
    ]) {
      const { value } = await pair.wrapped(run, [], { kind: "stream" });
      assert.deepEqual(await Array.fromAsync(value), [1, 2]);
    }
    for (const value of [1, null, {}, undefined])
      await assert.rejects(
        pair.value(() => value, [], { kind: "stream" }),
        SerializationError,
      );
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("runs its generator in the context of the call, so that it finds its signal", async () => {
    const pair = new Pair();
    const ended = Promise.withResolvers<unknown>();
    const { value, probe } = await pair.wrapped(
      async function* () {
        const signal = currentContext()?.signal;
        signal?.addEventListener("abort", () => ended.resolve(signal.reason));
        yield currentContext()?.runner.id;
        await ended.promise;
      },
      [],
      { kind: "stream" },
    );
    const iterator = value[Symbol.asyncIterator]();
    assert.deepEqual(await iterator.next(), { done: false, value: "r1" });
    pair.parent.cancel(probe.call, new Error("enough"));
    assert.equal(((await ended.promise) as Error).message, "enough");
    await assert.rejects(iterator.next(), { message: "enough" });
    await turns();
    assert.equal(probe.over, true);
    assert.deepEqual(pair.left, {});
  });

  test("has not ended before its generator has, though its reader stopped", async () => {
    const pair = new Pair();
    const release = Promise.withResolvers<void>();
    const { value, probe } = await pair.wrapped(
      async function* () {
        try {
          for (let i = 0; ; i++) yield i;
        } finally {
          await release.promise;
        }
      },
      [],
      { kind: "stream" },
    );
    for await (const _ of value) break;
    await turns();
    assert.equal(probe.over, false);
    release.resolve();
    await turns();
    assert.equal(probe.over, true);
  });
});

describe("a stream to be written", () => {
  const collect = (log: unknown[]): WritableStream =>
    new WritableStream({
      write: (chunk) => void log.push(chunk),
      close: () => void log.push("closed"),
      abort: (reason) => void log.push(`aborted: ${(reason as Error).message}`),
    });

  test("gets everything in order and is closed before the writer hears so, given and taken", async () => {
    const pair = new Pair();
    const log: unknown[] = [];
    const write = async (sink: WritableStream): Promise<string> => {
      const writer = sink.getWriter();
      for (let i = 0; i < 300; i++) await writer.write(i);
      await writer.write("x".repeat(100_000));
      await writer.close();
      return "written";
    };
    const expected = [...numbers(300), "x".repeat(100_000), "closed"];
    assert.equal(await pair.value(write, [collect(log)]), "written");
    assert.deepEqual(log.splice(0), expected);
    const { value, probe } = await pair.wrapped(() => ({ sink: collect(log) }));
    await write(value.sink);
    assert.deepEqual(log, expected);
    await turns();
    assert.equal(probe.over, true);
    assert.deepEqual(pair.left, {});
  });

  test("that is slow slows the writer down", async () => {
    const pair = new Pair();
    let written = 0;
    const slow = new WritableStream({ write: () => new Promise(() => {}) });
    const probe = pair.call(
      async (sink: WritableStream) => {
        const writer = sink.getWriter();
        for (; written < 100_000; written++) await writer.write(written);
      },
      [slow],
    );
    await turns(500);
    assert.ok(written > 0 && written <= 140, `${written} were written`);
    pair.parent.cancel(probe.call, new Error("enough"));
    await turns();
    assert.equal(probe.over, true);
    assert.deepEqual(pair.left, {});
  });

  test("that is aborted over there is aborted here with the reason", async () => {
    const pair = new Pair();
    const log: unknown[] = [];
    await pair.value(
      async (sink: WritableStream) => {
        const writer = sink.getWriter();
        await writer.write(1);
        await writer.abort(new Error("no good"));
      },
      [collect(log)],
    );
    await turns();
    assert.deepEqual(log, [1, "aborted: no good"]);
    assert.deepEqual(pair.left, {});
  });

  test("that fails here fails there with the same error", async () => {
    const pair = new Pair();
    const failing = new WritableStream({
      write(chunk) {
        if (chunk === 2) throw new RangeError("disk full");
      },
    });
    const error = await pair.value(
      async (sink: WritableStream) => {
        const writer = sink.getWriter();
        try {
          for (let i = 0; i < 10_000; i++) await writer.write(i);
          return "never";
        } catch (error) {
          return error;
        }
      },
      [failing],
    );
    assert.ok(error instanceof RangeError && error.message === "disk full");
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("that nobody closes is aborted when the call has ended; one that nobody touches, too", async () => {
    const pair = new Pair();
    const [some, none]: [unknown[], unknown[]] = [[], []];
    await pair.value(
      async (sink: WritableStream) => {
        await sink.getWriter().write(1);
      },
      [collect(some), collect(none)],
    );
    await turns();
    assert.equal(some.length, 2);
    assert.equal(some[0], 1);
    assert.match(some[1] as string, /^aborted: the call has ended/);
    assert.match(none[0] as string, /^aborted: the call has ended/);
    assert.deepEqual(pair.left, {});
  });

  test("gets an end when a chunk cannot be sent", async () => {
    const pair = new Pair();
    const log: unknown[] = [];
    const error = await pair.value(
      async (sink: WritableStream) => {
        const writer = sink.getWriter();
        await writer.write(1);
        return await writer.write({ deep: new WeakMap() }).catch((error: unknown) => error);
      },
      [collect(log)],
    );
    assert.ok(SerializationError.is(error));
    await turns();
    assert.equal(log.length, 2);
    assert.match(log[1] as string, /^aborted: cannot send deep/);
    assert.deepEqual(pair.left, {});
  });

  test("of Node works with a pipeline on both sides", async () => {
    const pair = new Pair();
    const through = new PassThrough();
    const read = buffer(through);
    // The PassThrough itself is read over there, not written: only its writable side is sent.
    const sink = new Writable({
      write: (chunk, _, done) => void through.write(chunk, done),
      final: (done) => void through.end(done),
    });
    const bytes = Buffer.alloc(3_000_000, "abc");
    await pair.value(
      async (source: Readable, target: Writable) => {
        assert.ok(source instanceof Readable && target instanceof Writable);
        await pipeline(source, target);
      },
      [Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)], { objectMode: false }), sink],
    );
    assert.equal(Buffer.compare(await read, bytes), 0);
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("of Node that fails, or whose call ends, never ends this process with an unhandled error", async () => {
    const pair = new Pair();
    const failing = new Writable({
      objectMode: true,
      write: (_chunk, _encoding, done) => done(new RangeError("disk full")),
    });
    const untouched = new Writable({ write: (_chunk, _encoding, done) => done() });
    const error = await pair.value(
      async (sink: Writable) => {
        sink.write("x");
        return await new Promise((resolve) => sink.once("error", resolve));
      },
      [failing, untouched],
    );
    assert.equal((error as Error).message, "disk full");
    await turns();
    assert.equal(untouched.destroyed, true);
    assert.deepEqual(pair.left, {});
  });
});

test("reading and stopping at every moment leaves nothing behind", async () => {
  for (let at = 0; at < 12; at++) {
    const pair = new Pair();
    const probes: Probe[] = [];
    const { value, probe } = await pair.wrapped(() => generate(numbers(1_000)));
    probes.push(probe);
    const iterator = value[Symbol.asyncIterator]();
    const reading = iterator.next();
    await turns(at);
    if (at % 3 === 0) await iterator.return();
    else if (at % 3 === 1) pair.parent.cancel(probe.call, new Error("enough"));
    else pair.end();
    await reading.catch(() => {});
    await turns(50);
    assert.equal(probe.over, true);
    assert.deepEqual(pair.left, {}, `stopped after ${at} turns`);
  }
});
