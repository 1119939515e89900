/** Promises, signals and blobs, which cross before they are done. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { currentContext } from "../../src/child/context.ts";
import { SerializationError } from "../../src/errors.ts";
import { defineCodec } from "../../src/wire/class-codecs.ts";
import { Pair, turns } from "./harness.ts";

class Unreadable {}
defineCodec(Unreadable, {
  name: "test/UnreadableSettlement",
  encode: () => null,
  decode: () => {
    throw new Error("cannot be read here");
  },
});

const pending = (): Promise<never> => new Promise(() => {});
const unreadableBlob = (): Blob =>
  Object.assign(new Blob(["x"]), { arrayBuffer: () => Promise.reject(new Error("the file is gone")) });

describe("a promise", () => {
  test("settles on the other side as it does here, and holds its call until then", async () => {
    const pair = new Pair();
    const [good, bad] = [Promise.withResolvers<string>(), Promise.withResolvers<never>()];
    const { value, probe } = await pair.wrapped(() => ({ good: good.promise, bad: bad.promise }));
    assert.equal(probe.over, false);
    // Large, so that it is easily overtaken.
    good.resolve("x".repeat(200_000));
    assert.equal((await value.good).length, 200_000);
    assert.equal(probe.over, false);
    bad.reject(new RangeError("y".repeat(200_000)));
    await assert.rejects(value.bad, RangeError);
    await turns();
    assert.equal(probe.over, true);
    assert.deepEqual(pair.left, {});
  });

  test("given to a call settles there, and ends with the call when it does not", async () => {
    const pair = new Pair();
    let kept: Promise<unknown> | undefined;
    const seen = await pair.value(
      async (now: Promise<number>, bad: Promise<number>, never: Promise<number>) => {
        kept = never;
        return [await now, await bad.catch((error: unknown) => error)];
      },
      [Promise.resolve(1), Promise.reject(new RangeError("no")), pending()],
    );
    assert.equal(seen[0], 1);
    assert.ok(seen[1] instanceof RangeError);
    await assert.rejects(kept as Promise<unknown>, /the call has ended/);
    assert.deepEqual(pair.left, {});
  });

  test("whose value cannot be sent, or not be read, rejects with that, and the session goes on", async () => {
    const pair = new Pair();
    const { value } = await pair.wrapped(() => ({
      unsendable: Promise.resolve({ deep: new WeakMap() }),
      unreadable: Promise.resolve(new Unreadable()),
      thrown: Promise.reject(Object.assign(new WeakSet(), { toString: () => "told as text" })),
      blob: Promise.resolve(unreadableBlob()),
    }));
    await assert.rejects(value.unsendable, (error) => SerializationError.is(error) && error.path === "deep");
    await assert.rejects(value.unreadable, SerializationError);
    await assert.rejects(value.thrown, /told as text/);
    await assert.rejects(value.blob, SerializationError);
    await turns();
    assert.equal(pair.parent.over, false);
    assert.deepEqual(pair.left, {});
  });

  test("that gives a promise, a stream or a ref in turn holds its call until that is done, too", async () => {
    const pair = new Pair();
    const { value, probe } = await pair.wrapped(() => ({
      later: Promise.resolve({ inner: Promise.resolve({ text: "deep" }), stream: ReadableStream.from(["a", "b"]) }),
    }));
    const { inner, stream } = await value.later;
    assert.deepEqual(await inner, { text: "deep" });
    await turns();
    assert.equal(probe.over, false);
    assert.deepEqual(await Array.fromAsync(stream), ["a", "b"]);
    await turns();
    assert.equal(probe.over, true);
    const { value: nested } = await pair.wrapped(async function* () {
      yield ReadableStream.from([1, 2]);
    });
    const [first] = (await Array.fromAsync(nested)) as AsyncIterable<number>[];
    await turns();
    assert.deepEqual(await Array.fromAsync(first as AsyncIterable<number>), [1, 2]);
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("that settles after its session ended disturbs nobody", async () => {
    const pair = new Pair();
    const { promise, reject } = Promise.withResolvers<never>();
    const { value } = await pair.wrapped(() => ({ promise }));
    pair.end();
    reject(new Error("late"));
    await assert.rejects(value.promise, { message: "the session is lost" });
    await turns();
    assert.deepEqual(pair.left, {});
  });
});

describe("a signal", () => {
  const watch = (signal: AbortSignal): Promise<unknown> =>
    new Promise((resolve) =>
      signal.aborted ? resolve(signal.reason) : signal.addEventListener("abort", () => resolve(signal.reason)),
    );

  test("given to a call aborts there, with its reason", async () => {
    const pair = new Pair();
    const controller = new AbortController();
    const probe = pair.call(watch, [controller.signal]);
    await turns();
    controller.abort({ why: "because" });
    assert.deepEqual(await probe.value, { value: { why: "because" } });
    assert.deepEqual(await pair.value(watch, [AbortSignal.abort("before")]), "before");
    assert.deepEqual(pair.left, {});
  });

  test("that aborts before the call is on the wire, or with what cannot be sent, aborts all the same", async () => {
    const pair = new Pair();
    const [early, odd] = [new AbortController(), new AbortController()];
    const probe = pair.call(watch, [early.signal]);
    early.abort("early");
    assert.deepEqual(await probe.value, { value: "early" });
    const other = pair.call(watch, [odd.signal]);
    await turns();
    odd.abort(Object.assign(new WeakMap(), { toString: () => "told as text" }));
    const { value } = (await other.value) as { value: Error };
    assert.equal(value.message, "told as text");
  });

  test("that comes back aborts here, and does not hold its call", async () => {
    const pair = new Pair();
    const controller = new AbortController();
    const { value, probe } = await pair.wrapped(() => ({ signal: controller.signal, hold: pending() }));
    controller.abort("over there");
    assert.equal(await watch(value.signal), "over there");
    pair.parent.cancel(probe.call, new Error("enough"));
    const alone = await pair.wrapped(() => [new AbortController().signal]);
    await turns();
    assert.equal(alone.probe.over, true);
    assert.equal(alone.value[0].aborted, false, "the end of its call is no abort");
    assert.deepEqual(pair.left, {});
  });

  test("aborts there when its call is cancelled, or the parent is gone", async () => {
    for (const how of ["cancel", "end"] as const) {
      const pair = new Pair();
      let context: AbortSignal | undefined;
      let reason: unknown;
      const probe = pair.call(
        async (signal: AbortSignal) => {
          context = currentContext()?.signal;
          reason = await watch(signal);
        },
        [new AbortController().signal],
      );
      await turns();
      if (how === "cancel") pair.parent.cancel(probe.call, new Error("enough"));
      else pair.end();
      await turns();
      assert.equal((reason as Error).message, how === "cancel" ? "enough" : "the parent is gone");
      assert.deepEqual(context?.reason, reason);
      assert.deepEqual(pair.left, {});
    }
  });

  test("is not listened to any more when its call has ended", async () => {
    const pair = new Pair();
    const controller = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = controller.signal;
    controller.signal.addEventListener = function (this: AbortSignal, ...args: Parameters<typeof addEventListener>) {
      listeners += 1;
      return addEventListener.apply(this, args);
    } as typeof addEventListener;
    controller.signal.removeEventListener = function (this: AbortSignal, ...args: Parameters<typeof addEventListener>) {
      listeners -= 1;
      return removeEventListener.apply(this, args);
    } as typeof removeEventListener;
    await pair.value(async () => {
      await turns(1);
    }, [controller.signal]);
    assert.equal(listeners, 0);
  });
});

describe("a blob", () => {
  test("or file is read before it is sent, in every place", async () => {
    const pair = new Pair();
    const read = async (blob: Blob): Promise<string> => `${(blob as File).name ?? "blob"}: ${await blob.text()}`;
    assert.equal(await pair.value(read, [new Blob(["a"])]), "blob: a");
    assert.equal(await pair.value(read, [new File(["b"], "b.txt")]), "b.txt: b");
    assert.equal(await read(await pair.value(() => new File(["c"], "c.txt"))), "c.txt: c");
    assert.equal(
      await pair.value(
        async (fn: (blob: Blob) => Promise<Blob>) => read(await fn(new Blob(["d"]))),
        [async (blob: Blob) => new Blob([await blob.text(), "!"])],
      ),
      "blob: d!",
    );
    assert.deepEqual(pair.left, {});
  });

  test("that cannot be read fails its call before anything runs", async () => {
    const pair = new Pair();
    const probe = pair.call(() => assert.fail("must not run"), [unreadableBlob(), new ReadableStream()]);
    await assert.rejects(probe.value, SerializationError);
    assert.deepEqual(probe.log, ["failed", "ended"]);
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("that cannot be read fails the value that it is part of, and ends the rest of it", async () => {
    const pair = new Pair();
    let ended = false;
    const probe = pair.call(() => ({
      stream: new ReadableStream({ cancel: () => void (ended = true) }),
      promise: pending(),
      blob: unreadableBlob(),
    }));
    await assert.rejects(probe.value, SerializationError);
    await turns();
    assert.equal(ended, true);
    assert.equal(probe.over, true);
    assert.deepEqual(pair.left, {});
  });

  test("that cannot be read fails the callback that it was given to, or that gave it", async () => {
    const pair = new Pair();
    const seen = await pair.value(
      async (fn: (...args: unknown[]) => Promise<unknown>) => [
        await fn(unreadableBlob()).catch((error: unknown) => error),
        await fn().catch((error: unknown) => error),
        await fn("fine"),
      ],
      [(what: unknown) => what ?? unreadableBlob()],
    );
    assert.ok(SerializationError.is(seen[0]) && SerializationError.is(seen[1]));
    assert.equal(seen[2], "fine");
    assert.deepEqual(pair.left, {});
  });

  test("whose call is cancelled while it is read is never sent", async () => {
    const pair = new Pair();
    const probe = pair.call(() => assert.fail("must not run"), [new Blob(["x".repeat(100_000)])]);
    pair.parent.cancel(probe.call, new Error("never mind"));
    assert.deepEqual(probe.log, ["ended"]);
    await turns();
    assert.deepEqual(pair.left, {});
  });
});
