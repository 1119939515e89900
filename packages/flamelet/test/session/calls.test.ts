import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProtocolError, SerializationError } from "../../src/errors.ts";
import { unregisterFunction } from "../../src/registry.ts";
import { Refused } from "../../src/session/calls.ts";
import { defineCodec } from "../../src/wire/class-codecs.ts";
import { encode } from "../../src/wire/codec.ts";
import { ref } from "../../src/wire/by-reference.ts";
import { currentContext } from "../../src/child/context.ts";
import { named, Pair, Probe, register, turns } from "./harness.ts";
import { onBun } from "../runtimes.ts";

class Meter {
  readonly metres: number;
  constructor(metres: number) {
    this.metres = metres;
  }
}
// What is sent with it cannot always be read, as when the two sides differ.
defineCodec(Meter, {
  name: "test/Meter",
  encode: (meter) => meter.metres,
  decode: (metres) => {
    if (metres === 13) throw new Error("no such length");
    return new Meter(metres as number);
  },
});

/** What cannot be awaited without calling into it. */
class Lazy {}
defineCodec(Lazy, {
  name: "test/Lazy",
  encode: () => null,
  // oxlint-disable-next-line unicorn/no-thenable -- this is what must not be awaited
  decode: () => ({ then: () => assert.fail("must not be called") }) as Lazy,
});

async function refusal(promise: Promise<unknown>): Promise<Refused> {
  const error = await promise.then(
    () => assert.fail("was not refused"),
    (refused: unknown) => refused,
  );
  assert.ok(error instanceof Refused, String(error));
  return error;
}

describe("a call", () => {
  test("starts, gives its value and ends, once each, and leaves nothing behind", async () => {
    const pair = new Pair();
    const probe = pair.call((a: number, b: number) => a + b, [1, 2]);
    assert.deepEqual(await probe.value, { value: 3 });
    await turns();
    assert.deepEqual(probe.log, ["started", "result", "ended"]);
    assert.deepEqual(pair.left, {});
    assert.equal(pair.clock.pending, 0);
  });

  test(
    "rejects with what was thrown, whatever it is",
    { skip: onBun("its deepStrictEqual tells such values apart") },
    async () => {
      const pair = new Pair();
      for (const thrown of [new RangeError("no"), "text", undefined, null, 7]) {
        const probe = pair.call(() => {
          throw thrown;
        });
        await assert.rejects(probe.value, (error) => {
          assert.deepEqual(error, thrown);
          return true;
        });
        await turns();
        assert.deepEqual(probe.log, ["started", "failed", "ended"]);
      }
      assert.deepEqual(pair.left, {});
    },
  );

  test("that threw what cannot be sent rejects with its text", async () => {
    const pair = new Pair();
    const probe = pair.call(() => {
      throw Object.assign(new WeakMap(), { toString: () => "told as text" });
    });
    await assert.rejects(probe.value, (error) => SerializationError.is(error) && /told as text/.test(error.message));
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("whose value cannot be sent says which function it was and that it ran", async () => {
    const pair = new Pair();
    const probe = pair.call(() => ({ deep: [new WeakSet()] }));
    await assert.rejects(probe.value, (error) => {
      assert.ok(SerializationError.is(error));
      assert.equal(error.path, "deep[0]");
      assert.equal(error.outcome, "unknown");
      return true;
    });
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("whose value the parent cannot read rejects, and the session goes on", async () => {
    const pair = new Pair();
    const probe = pair.call(() => new Meter(13));
    await assert.rejects(probe.value, SerializationError);
    assert.equal(await pair.value(() => 1), 1);
    assert.deepEqual(pair.left, {});
  });

  test("whose value would be awaited is refused, since awaiting would call what came off the wire", async () => {
    const pair = new Pair();
    await assert.rejects(
      pair.value(() => new Lazy()),
      (error) => SerializationError.is(error) && /would be awaited/.test(error.message),
    );
    const { value } = await pair.wrapped(() => Promise.resolve({ promise: Promise.resolve(new Lazy()) }));
    await assert.rejects(value.promise, SerializationError);
    // Below the top it is a value like any other.
    assert.equal(typeof (await pair.value(() => [new Lazy()]))[0].then, "function");
    assert.deepEqual(pair.left, {});
  });
});

describe("a refusal", () => {
  test("of a runner that drains, before anything runs", async () => {
    const pair = new Pair();
    pair.server.drain(() => {});
    const probe = pair.call(() => assert.fail("must not run"));
    assert.equal((await refusal(probe.value)).refusal, "draining");
    await turns();
    assert.deepEqual(probe.log, ["refused draining", "ended"]);
    assert.deepEqual(pair.left, {});
  });

  test("of a function that nobody registers comes two seconds after the app is loaded", async () => {
    const pair = new Pair();
    const probe = pair.call("test/nowhere");
    await pair.clock.advance(1_999);
    assert.deepEqual(probe.log, []);
    await pair.clock.advance(1);
    const refused = await refusal(probe.value);
    assert.equal(refused.refusal, "unknown-function");
    assert.deepEqual(pair.left, {});
    assert.equal(pair.clock.pending, 0);
  });

  test("of closures whose source differs tells the hash over there", async () => {
    const pair = new Pair();
    register("test/differs", () => 1, "abc");
    const probe = pair.call("test/differs", [], { hash: "def" });
    const refused = await refusal(probe.value);
    assert.deepEqual([refused.refusal, refused.detail], ["build-mismatch", "abc"]);
    assert.deepEqual(pair.left, {});
    unregisterFunction("test/differs");
  });

  test("of arguments that cannot be read, before anything runs", async () => {
    const pair = new Pair();
    const probe = pair.call(() => assert.fail("must not run"), [new ReadableStream(), new Meter(13)]);
    const refused = await refusal(probe.value);
    assert.equal(refused.refusal, "values");
    assert.match(refused.detail, /no such length/);
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test("leaves the streams of the call untouched, so that they can go elsewhere", async () => {
    const [first, second] = [new Pair(), new Pair()];
    first.server.drain(() => {});
    let cancelled = false;
    const source = new ReadableStream({
      pull: (controller) => (controller.enqueue("chunk"), controller.close()),
      cancel: () => void (cancelled = true),
    });
    const written: unknown[] = [];
    const sink = new WritableStream({
      write: (chunk) => void written.push(chunk),
      abort: () => assert.fail("aborted"),
    });
    const fn = named(async (readable: ReadableStream, writable: WritableStream) => {
      await readable.pipeTo(writable);
      return "piped";
    });
    const values = encode([[], [source, sink]], { implicitCallbacks: true });
    for (const [pair, expected] of [
      [first, "refused draining"],
      [second, "result"],
    ] as const) {
      const log: string[] = [];
      const hear = (what: string) => () => void log.push(what);
      pair.parent.call(
        { fn, hash: "", kind: "value", timeout: Infinity, values },
        {
          started() {},
          result: hear("result"),
          failed: hear("failed"),
          refused: (refused) => void log.push(`refused ${refused.refusal}`),
          lost: hear("lost"),
          ended: hear("ended"),
        },
      );
      await turns();
      assert.deepEqual(log, [expected, "ended"]);
      assert.deepEqual(pair.left, {});
    }
    assert.equal(cancelled, false);
    assert.deepEqual(written, ["chunk"]);
  });
});

describe("cancelling", () => {
  test("before anything was sent ends the call at once, and nothing is ever sent", async () => {
    const pair = new Pair();
    const probe = pair.call(() => assert.fail("must not run"));
    pair.parent.cancel(probe.call, new Error("never mind"));
    assert.deepEqual(probe.log, ["ended"]);
    await turns();
    assert.deepEqual(pair.left, {});
  });

  test(
    "while the call runs aborts its signal with the reason, and the call ends when the work does",
    { skip: onBun("its deepStrictEqual tells such values apart") },
    async () => {
      const pair = new Pair();
      const release = Promise.withResolvers<void>();
      let reason: unknown;
      const probe = pair.call(async () => {
        currentContext()?.signal.addEventListener("abort", (event) => (reason = (event.target as AbortSignal).reason));
        await release.promise;
        return "ignored";
      });
      await turns();
      pair.parent.cancel(probe.call, new RangeError("changed my mind"));
      await turns();
      assert.deepEqual(reason, new RangeError("changed my mind"));
      assert.deepEqual(probe.log, ["started"]);
      assert.equal(pair.server.running, 1);
      release.resolve();
      await turns();
      assert.deepEqual(probe.log, ["started", "ended"]);
      assert.deepEqual(pair.left, {});
    },
  );

  test("ends what the function was given, so that one which only waits for it can end", async () => {
    const pair = new Pair();
    const seen: unknown[] = [];
    const probe = pair.call(
      async (
        readable: ReadableStream,
        promise: Promise<unknown>,
        signal: AbortSignal,
        callback: () => Promise<void>,
        writable: WritableStream,
      ) => {
        const writer = writable.getWriter();
        seen.push(
          await readable
            .getReader()
            .read()
            .catch((error: unknown) => error),
        );
        seen.push(await promise.catch((error: unknown) => error));
        seen.push(signal.aborted && signal.reason);
        seen.push(await callback().catch((error: unknown) => error));
        seen.push(await writer.write("x").catch((error: unknown) => error));
      },
      [
        new ReadableStream(),
        new Promise(() => {}),
        new AbortController().signal,
        () => new Promise<void>(() => {}),
        new WritableStream(),
      ],
    );
    await turns();
    const reason = new Error("changed my mind");
    pair.parent.cancel(probe.call, reason);
    await turns();
    assert.equal(seen.length, 5);
    for (const error of seen) assert.equal((error as Error).message, "changed my mind");
    assert.equal(probe.over, true);
    assert.deepEqual(pair.left, {});
  });

  test("a call whose value comes later than that ends all the same, with what the value hands out", async () => {
    for (const kind of ["value", "stream", "place"] as const) {
      const pair = new Pair();
      const release = Promise.withResolvers<void>();
      let ended: unknown = "not ended";
      class Child {
        [Symbol.dispose](): void {
          ended = "disposed of";
        }
      }
      const probe = pair.call(
        async () => {
          await release.promise;
          if (kind === "place") return new Child();
          return new ReadableStream({ cancel: (reason: unknown) => void (ended = (reason as Error).message) });
        },
        [],
        { kind },
      );
      await turns();
      pair.parent.cancel(probe.call, new Error("too late"));
      await turns();
      assert.equal(probe.over, false);
      release.resolve();
      await turns();
      assert.equal(ended, kind === "place" ? "disposed of" : "too late");
      assert.equal(probe.over, true, kind);
      assert.deepEqual(pair.left, {});
    }
  });

  test("after the value came ends what it handed out: a stream, a ref, a promise", async () => {
    const pair = new Pair();
    const { value, probe } = await pair.wrapped(() => ({
      stream: new ReadableStream(),
      ref: ref({ method: () => 1 }),
      promise: new Promise(() => {}),
    }));
    const read = (value.stream as ReadableStream).getReader().read();
    await turns();
    assert.equal(probe.over, false);
    pair.parent.cancel(probe.call, new Error("enough"));
    await assert.rejects(read, { message: "enough" });
    await assert.rejects(value.promise, { message: "enough" });
    await assert.rejects(value.ref.method(), { message: "enough" });
    await turns();
    assert.equal(probe.over, true);
    assert.deepEqual(pair.left, {});
  });

  test("twice, or after the end, does nothing", async () => {
    const pair = new Pair();
    const probe = pair.call(() => 1);
    await probe.value;
    pair.parent.cancel(probe.call, new Error("late"));
    pair.parent.cancel(probe.call, new Error("later"));
    await turns();
    assert.deepEqual(probe.log, ["started", "result", "ended"]);
    assert.deepEqual(pair.left, {});
  });
});

describe("messages of many sizes", () => {
  test("small calls do not wait for the end of a large one", async () => {
    const pair = new Pair();
    const order: string[] = [];
    const large = pair.value((bytes: Uint8Array) => bytes.length, [new Uint8Array(8_000_000)]);
    const small = Array.from({ length: 20 }, (_, i) => pair.value((n: number) => n, [i]));
    void large.then(() => order.push("large"));
    for (const one of small) void one.then(() => order.push("small"));
    assert.deepEqual(await Promise.all(small), [...small.keys()]);
    assert.equal(await large, 8_000_000);
    assert.equal(order.indexOf("large"), small.length);
    assert.deepEqual(pair.left, {});
  });

  test("large results and errors arrive whole, and before their call has ended", async () => {
    const pair = new Pair();
    const text = "x".repeat(500_000);
    assert.equal(await pair.value(() => text), text);
    await assert.rejects(
      pair.value(() => {
        throw new Error(text);
      }),
      (error) => (error as Error).message === text,
    );
    assert.deepEqual(pair.left, {});
  });

  test("a call that was cancelled half way out still ends", async () => {
    const pair = new Pair();
    const probe = pair.call((bytes: Uint8Array) => bytes.length, [new Uint8Array(8_000_000)]);
    while (probe.call.message?.written === 0) await new Promise((resolve) => setImmediate(resolve));
    pair.parent.cancel(probe.call, new Error("too large"));
    await turns(500);
    assert.equal(probe.over, true);
    assert.deepEqual(pair.left, {});
  });
});

test("a goodbye sends back the calls that had not started, and only these", async () => {
  const pair = new Pair();
  const running = pair.call(() => new Promise(() => {}));
  await turns();
  // Small messages overtake large ones: the goodbye is there before the call is.
  const large = pair.call((bytes: Uint8Array) => bytes.length, [new Uint8Array(2_000_000)]);
  pair.runner.goodbye();
  await turns(200);
  assert.ok(pair.log.includes("goodbye"));
  assert.deepEqual(large.log, ["refused draining", "ended"]);
  assert.deepEqual(running.log, ["started"]);
  pair.end();
  await assert.rejects(running.value, { message: "the session is lost" });
  assert.deepEqual(running.log, ["started", "lost", "ended"]);
});

test("a call to a parent is against the protocol", async () => {
  const pair = new Pair();
  new Probe(
    pair.runner,
    named(() => 1),
    [],
  );
  await turns();
  assert.ok(pair.errors[0] instanceof ProtocolError);
  assert.deepEqual(pair.log, ["parent closed", "runner closed"]);
});
