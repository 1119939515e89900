/** Functions, refs and placed children: what stays on its side and is called from the other. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SerializationError } from "../../src/errors.ts";
import { callback, ref } from "../../src/wire/by-reference.ts";
import { encode } from "../../src/wire/codec.ts";
import { named, Pair, Probe, turns } from "./harness.ts";
import { onBun } from "../runtimes.ts";

class Counter {
  readonly log: unknown[] = [];
  add(what: unknown): number {
    return this.log.push(what);
  }
  seen(): unknown[] {
    return this.log;
  }
  async slow(until: Promise<void>): Promise<string> {
    await until;
    return "slept";
  }
  fail(): never {
    throw new RangeError("no");
  }
  unsendable(): unknown {
    return { deep: new WeakMap() };
  }
  async *numbers(): AsyncGenerator<number> {
    yield* [1, 2, 3];
  }
  keep: unknown = null;
  hold(what: unknown): void {
    this.keep = what;
  }
  kept(): unknown {
    return this.keep;
  }
  disposed = 0;
  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed += 1;
  }
}

describe("a callback", () => {
  test("is called from the other side, with arguments and a value of any kind", async () => {
    const pair = new Pair();
    const value = await pair.value(
      async (fn: (n: number) => Promise<Map<number, number>>) => (await fn(1)).get(1),
      [(n: number) => new Map([[n, n + 1]])],
    );
    assert.equal(value, 2);
    assert.deepEqual(pair.left, {});
  });

  test("that throws rejects over there with the same error; one whose value cannot cross, with why", async () => {
    const pair = new Pair();
    const seen = await pair.value(
      async (bad: () => Promise<void>, odd: () => Promise<void>) => [
        await bad().catch((error: unknown) => error),
        await odd().catch((error: unknown) => error),
      ],
      [
        () => {
          throw new RangeError("no");
        },
        () => new WeakMap(),
      ],
    );
    assert.ok(seen[0] instanceof RangeError);
    assert.ok(SerializationError.is(seen[1]));
    assert.deepEqual(pair.left, {});
  });

  test("takes functions, streams and promises of its own, and ends them with the call", async () => {
    const pair = new Pair();
    const log: unknown[] = [];
    const read = async (stream: ReadableStream, back: (text: string) => Promise<void>): Promise<void> => {
      for await (const chunk of stream) log.push(chunk);
      await back("read");
    };
    await pair.value(
      async (fn: typeof read) => {
        const stream = new ReadableStream({
          start: (controller) => (controller.enqueue(1), controller.enqueue(2), controller.close()),
        });
        await fn(stream, async (text) => void log.push(text));
      },
      [read],
    );
    assert.deepEqual(log, [1, 2, "read"]);
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("that is called after its call ended rejects, whatever it is given", async () => {
    const pair = new Pair();
    let kept: ((...args: unknown[]) => Promise<void>) | undefined;
    await pair.value((fn: () => Promise<void>) => void (kept = fn), [() => assert.fail("must not be called")]);
    for (const args of [[], [() => {}], [new ReadableStream()], [new Blob(["x"])]])
      await assert.rejects(kept?.(...args) as Promise<void>, /the call has ended/);
    assert.deepEqual(pair.left, {});
    assert.equal(pair.runner.over, false);
  });

  test("that is still running when its call ends rejects over there", async () => {
    const pair = new Pair();
    let pending: Promise<unknown> | undefined;
    await pair.value((fn: () => Promise<void>) => void (pending = fn()), [() => new Promise(() => {})]);
    await assert.rejects(pending as Promise<unknown>, /the call has ended/);
    assert.deepEqual(pair.left, {});
  });

  test("keeps the order of its calls, though the bytes of a blob must be read first", async () => {
    const pair = new Pair();
    const seen: unknown[] = [];
    await pair.value(
      async (fn: (what: unknown) => Promise<void>) => {
        await Promise.all([fn(new Blob(["blob"])), fn("small"), fn("x".repeat(100_000)), fn("last")]);
      },
      [(what: unknown) => void seen.push(what instanceof Blob ? "blob" : (what as string).slice(0, 5))],
    );
    assert.deepEqual(seen, ["blob", "small", "xxxxx", "last"]);
    assert.deepEqual(pair.left, {});
  });

  test("that comes home is the function itself", async () => {
    const pair = new Pair();
    const fn = (): number => 1;
    assert.equal(await pair.value((given: unknown) => [given], [fn]).then(([back]) => back), fn);
  });

  test("that comes home after its call ended is an error of that value, not the end of the session", async () => {
    const pair = new Pair();
    let kept: unknown;
    await pair.value((fn: unknown) => void (kept = fn), [() => {}]);
    await assert.rejects(
      pair.value(() => ({ kept })),
      SerializationError,
    );
    assert.equal(await pair.value(() => 1), 1);
  });

  test("may be returned by a function, and holds its call until the session ends", async () => {
    const pair = new Pair();
    const { value, probe } = await pair.wrapped(() => ({ twice: callback((n: number) => n * 2) }));
    assert.equal(await value.twice(4), 8);
    await turns();
    assert.equal(probe.over, false);
    pair.end();
    assert.equal(probe.over, true);
    await assert.rejects(value.twice(4), { message: "the session is lost" });
    assert.deepEqual(pair.left, {});
  });
});

describe("a ref", () => {
  test("holds its call until it is disposed of; doing so again is nothing, using it afterwards an error", async () => {
    const pair = new Pair();
    const counter = new Counter();
    const { value, probe } = await pair.wrapped(() => ref(counter));
    assert.equal(await value.add(1), 1);
    assert.equal(probe.over, false);
    await value[Symbol.asyncDispose]();
    await value[Symbol.asyncDispose]();
    await turns();
    assert.equal(probe.over, true);
    assert.equal(counter.disposed, 0, "the object itself belongs to whoever made it");
    await assert.rejects(value.add(2), /the call has ended/);
    await assert.rejects(
      value.add(() => {}),
      /the call has ended/,
    );
    assert.deepEqual(counter.log, [1]);
    assert.deepEqual(pair.left, {});
  });

  test("may be disposed of after its session ended", async () => {
    const pair = new Pair();
    const { value } = await pair.wrapped(() => ref(new Counter()));
    pair.end();
    await value[Symbol.asyncDispose]();
    await assert.rejects(value.add(1), { message: "the session is lost" });
  });

  test("that is disposed of while its session ends is disposed of", async () => {
    const pair = new Pair();
    const { value } = await pair.wrapped(() => ref(new Counter()));
    const disposing = value[Symbol.asyncDispose]();
    pair.end();
    await disposing;
  });

  test("of two, both must be disposed of before the call has ended", async () => {
    const pair = new Pair();
    const { value, probe } = await pair.wrapped(() => [ref(new Counter()), ref(new Counter())]);
    await value[0][Symbol.asyncDispose]();
    await turns();
    assert.equal(probe.over, false);
    await value[1][Symbol.asyncDispose]();
    await turns();
    assert.equal(probe.over, true);
  });

  test("that comes home is the object itself", async () => {
    const pair = new Pair();
    const counter = new Counter();
    const { value } = await pair.wrapped(() => ref(counter));
    assert.equal(await pair.value((home: unknown) => home === counter, [value]), true);
  });

  test("of one session cannot be sent to another: nothing is sent, and nothing is left", async () => {
    const [one, other] = [new Pair(), new Pair()];
    const { value } = await one.wrapped(() => ref(new Counter()));
    assert.throws(
      () =>
        new Probe(
          other.parent,
          named(() => 1),
          [value, new ReadableStream()],
        ),
      SerializationError,
    );
    assert.deepEqual(other.left, {});
    // Nor as the value of a promise, nor as a chunk, nor to a method, nor as the answer of a callback.
    const { value: there } = await other.wrapped(() => ref(new Counter()));
    await assert.rejects(there.add(value), SerializationError);
    const chunks = async function* (): AsyncGenerator<unknown> {
      yield value;
    };
    const seen = await other.value(
      async (promise: Promise<unknown>, stream: AsyncIterable<unknown>, fn: () => Promise<unknown>) => [
        await promise.catch((error: unknown) => error),
        await Array.fromAsync(stream).catch((error: unknown) => error),
        await fn().catch((error: unknown) => error),
      ],
      [Promise.resolve(value), chunks(), () => value],
    );
    for (const error of seen) assert.ok(SerializationError.is(error), String(error));
    assert.equal(other.parent.over, false);
  });

  test("is not collected while one of its methods runs", { skip: onBun("it has no switch for gc()") }, async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const pair = new Pair();
    const release = Promise.withResolvers<void>();
    // Nobody but the stand-in's user may know it, so it must not stay in a promise that somebody keeps.
    const box: { value: any } = { value: null };
    const nothing = (): void => {};
    const request = { fn: named(() => ref(new Counter())), hash: "", kind: "value", timeout: Infinity } as const;
    pair.parent.call(
      { ...request, values: encode([[], []]) },
      {
        started: nothing,
        result: (value) => void (box.value = value),
        failed: nothing,
        refused: nothing,
        lost: nothing,
        ended: nothing,
      },
    );
    await turns();
    const slow = (box.value as Counter).slow(release.promise);
    box.value = null;
    for (let i = 0; i < 5; i++) {
      await turns();
      collect();
    }
    release.resolve();
    assert.equal(await slow, "slept");
  });
});

describe("a placed child", () => {
  const place = (pair: Pair, child: object = new Counter()): Promise<{ value: any; probe: Probe }> =>
    pair.wrapped(() => child, [], { kind: "place" });

  test("keeps its state, holds its call, and is disposed of with its stand-in", async () => {
    const pair = new Pair();
    const counter = new Counter();
    const { value, probe } = await place(pair, counter);
    assert.deepEqual(await Promise.all([value.add("a"), value.add("b")]), [1, 2]);
    await assert.rejects(value.fail(), RangeError);
    await assert.rejects(value.unsendable(), SerializationError);
    assert.deepEqual(await Array.fromAsync(value.numbers()), [1, 2, 3]);
    assert.equal(probe.over, false);
    await value[Symbol.asyncDispose]();
    assert.equal(counter.disposed, 1);
    await turns();
    assert.equal(probe.over, true);
    assert.deepEqual(pair.left, {});
  });

  test("hears its calls in their order, whatever their size", async () => {
    const pair = new Pair();
    const { value } = await place(pair);
    const sizes = [1, 200_000, 2, 0, 70_000, 17_000, 3];
    const calls = sizes.map((size, i) => value.add(i % 2 === 0 ? "x".repeat(size) : new Uint8Array(size)));
    calls.push(value.add(new Blob(["x".repeat(5)])), value.add("end"));
    assert.deepEqual(await Promise.all(calls), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const seen = (await value.seen()) as (string | Uint8Array | Blob)[];
    assert.deepEqual(
      seen.map((what) => (what instanceof Blob ? what.size : what.length)),
      [...sizes, 5, 3],
    );
  });

  test("whose disposer throws rejects the disposal with that, and its call ends all the same", async () => {
    for (const disposer of [
      {
        [Symbol.dispose]() {
          throw new RangeError("stuck");
        },
      },
      {
        async [Symbol.asyncDispose]() {
          throw new RangeError("stuck");
        },
      },
    ]) {
      const pair = new Pair();
      const { value, probe } = await place(pair, disposer);
      await assert.rejects(value[Symbol.asyncDispose](), { name: "RangeError", message: "stuck" });
      await turns();
      assert.equal(probe.over, true);
      assert.deepEqual(pair.left, {});
    }
  });

  test("has not ended before its disposal has", async () => {
    const pair = new Pair();
    const release = Promise.withResolvers<void>();
    const { value, probe } = await place(pair, { [Symbol.asyncDispose]: () => release.promise });
    const disposing = value[Symbol.asyncDispose]();
    await turns();
    assert.equal(probe.over, false);
    release.resolve();
    await disposing;
    await turns();
    assert.equal(probe.over, true);
  });

  test("is disposed of when its caller cancels the call, and when the session ends, once", async () => {
    for (const how of ["cancel", "end", "both"] as const) {
      const pair = new Pair();
      const counter = new Counter();
      const { value, probe } = await place(pair, counter);
      if (how !== "end") pair.parent.cancel(probe.call, new Error("enough"));
      if (how === "both") await turns();
      if (how !== "cancel") pair.end();
      await turns();
      assert.equal(counter.disposed, 1, how);
      assert.equal(probe.over, true);
      await value[Symbol.asyncDispose]();
      assert.deepEqual(pair.left, {});
    }
  });

  test("whose session ends while it is disposed of leaves nothing behind once that is done", async () => {
    const pair = new Pair();
    const release = Promise.withResolvers<void>();
    const { value } = await place(pair, { [Symbol.asyncDispose]: () => release.promise });
    const disposing = value[Symbol.asyncDispose]();
    await turns();
    pair.end();
    await disposing;
    assert.equal(pair.server.running, 1);
    release.resolve();
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("whose disposer throws when the session has ended is told as a warning", async () => {
    const pair = new Pair();
    await place(pair, {
      [Symbol.dispose]() {
        throw new Error("stuck for good");
      },
    });
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
    pair.end();
    assert.match((await warned).message, /stuck for good/);
    assert.deepEqual(pair.left, {});
  });

  test("keeps what its methods were given until it ends", async () => {
    const pair = new Pair();
    const { value } = await place(pair);
    const fn = (): number => 5;
    await value.hold(fn);
    assert.equal(await value.kept(), fn);
    await value[Symbol.asyncDispose]();
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("that lives long keeps nothing of streams, signals and promises that are over", async () => {
    const pair = new Pair();
    const { value } = await place(pair, {
      async read(stream: ReadableStream, _signal: AbortSignal, promise: Promise<unknown>): Promise<number> {
        await promise;
        return (await Array.fromAsync(stream)).length;
      },
      async *numbers() {
        yield* [1, 2];
      },
    });
    const before = JSON.stringify(pair.left);
    for (let i = 0; i < 5; i++) {
      const stream = new ReadableStream({ start: (controller) => (controller.enqueue(1), controller.close()) });
      const controller = new AbortController();
      assert.equal(await value.read(stream, controller.signal, Promise.resolve()), 1);
      controller.abort();
      assert.deepEqual(await Array.fromAsync(value.numbers()), [1, 2]);
    }
    await turns();
    assert.equal(JSON.stringify(pair.left), before);
  });

  test("must be an object", async () => {
    const pair = new Pair();
    for (const value of [null, 1, "text", () => {}])
      await assert.rejects(
        pair.value(() => value, [], { kind: "place" }),
        (error) => SerializationError.is(error) && /gives an object/.test(error.message),
      );
    assert.deepEqual(pair.left, {});
  });
});
