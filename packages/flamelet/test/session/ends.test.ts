/** The end of a session, at every stage of what goes on in it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProtocolError } from "../../src/errors.ts";
import { memoryTransportPair } from "../../src/session/memory-transport.ts";
import { Session } from "../../src/session/session.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { ref } from "../../src/wire/by-reference.ts";
import { Pair, type Probe, turns } from "./harness.ts";

const LOST = { message: "the session is lost" };
const pending = (): Promise<never> => new Promise(() => {});

/** Whatever can be under way; each gives the promises that must settle when the session ends. */
const stages: Record<string, (pair: Pair) => Promise<unknown>[]> = {
  "a call that runs": (pair) => [pair.call(pending).value],
  "a large call on its way": (pair) => [pair.call(pending, [new Uint8Array(5_000_000)]).value],
  "a call of a blob": (pair) => [pair.call(pending, [new Blob(["x"])]).value],
  "a call of a function that is not there": (pair) => [pair.call("test/nowhere").value],
  "a call with all kinds of arguments": (pair) => [
    pair.call(
      async (
        stream: ReadableStream,
        sink: WritableStream,
        promise: Promise<void>,
        _signal: AbortSignal,
        fn: () => Promise<void>,
      ) => {
        await Promise.allSettled([stream.getReader().read(), sink.getWriter().write(1), promise, fn()]);
        await pending();
      },
      [new ReadableStream(), new WritableStream(), pending(), new AbortController().signal, pending],
    ).value,
  ],
  "a callback": (pair) => [pair.call((fn: () => Promise<void>) => fn(), [pending]).value],
  "values that are held": (pair) => [
    pair
      .wrapped(() => ({ ref: ref({ wait: pending }), promise: pending(), stream: new ReadableStream() }))
      .then(async ({ value }) => {
        const all = [value.ref.wait(), value.promise, value.stream.getReader().read()];
        for (const settled of await Promise.allSettled(all))
          assert.equal((settled as PromiseRejectedResult).reason?.message, LOST.message);
        throw new Error(LOST.message);
      }),
  ],
  "a placed child": (pair) => [
    pair.wrapped(() => ({ wait: pending }), [], { kind: "place" }).then(({ value }) => value.wait()),
  ],
  "a stream": (pair) => [
    pair
      .wrapped(
        async function* () {
          yield 1;
          await pending();
        },
        [],
        { kind: "stream" },
      )
      .then(({ value }) => Array.fromAsync(value)),
  ],
};

for (const [stage, start] of Object.entries(stages)) {
  test(`ends ${stage}, whenever it comes`, async () => {
    for (const after of [0, 1, 2, 3, 5, 20]) {
      const pair = new Pair();
      const promises = start(pair);
      for (const promise of promises) promise.catch(() => {});
      await turns(after);
      pair.end(new Error(LOST.message));
      await turns(30);
      // A call of which nothing went out is sent back: it is known not to have run.
      for (const settled of await Promise.allSettled(promises)) {
        assert.equal(settled.status, "rejected");
        const { reason } = settled as PromiseRejectedResult;
        assert.ok(reason.message === LOST.message || reason.refusal === "draining", `${after}: ${String(reason)}`);
      }
      const { running: _, ...tables } = pair.left;
      assert.deepEqual(tables, {}, `after ${after} turns`);
      assert.equal(pair.clock.pending, 0);
    }
  });
}

test("settles each call once, tells lost from not started, and calls `ended` last", async () => {
  const pair = new Pair();
  const probes: Probe[] = [pair.call(pending)];
  await turns();
  probes.push(pair.call(() => 1));
  pair.end();
  probes.push();
  await turns();
  assert.deepEqual(
    probes.map(({ log }) => log),
    [
      ["started", "lost", "ended"],
      ["refused draining", "ended"],
    ],
  );
});

test("between the loss and what became known of it, open things wait, and then end with that", async () => {
  const pair = new Pair();
  const { value } = await pair.wrapped(() => ref({ wait: pending }));
  const before = value.wait() as Promise<unknown>;
  await turns();
  pair.transports[1].destroy();
  await turns();
  assert.deepEqual(pair.log.includes("parent closed"), true);
  const after = value.wait() as Promise<unknown>;
  const settled = Promise.allSettled([before, after]);
  assert.equal(await Promise.race([settled, turns().then(() => "waits")]), "waits");
  pair.end(new Error("killed by signal SIGKILL"));
  for (const one of await settled)
    assert.equal((one as PromiseRejectedResult).reason.message, "killed by signal SIGKILL");
  assert.deepEqual(pair.left, {});
});

test("a goodbye comes after everything that was sent before it", async () => {
  const pair = new Pair();
  const probe = pair.call(() => new Uint8Array(3_000_000));
  while (pair.server.running > 0 || probe.log.length === 0) await turns(1);
  pair.runner.goodbye();
  const { value } = (await probe.value) as { value: Uint8Array };
  assert.equal(value.length, 3_000_000);
  await turns(50);
  assert.ok(pair.log.indexOf("goodbye") < pair.log.indexOf("parent closed"));
  assert.deepEqual(pair.errors, []);
});

describe("the heartbeat", () => {
  test("keeps two silent sides together, and nothing else of them awake", async () => {
    const pair = new Pair({ heartbeat: 1_000, silence: 5_000 });
    await pair.clock.advance(60_000);
    assert.deepEqual(pair.log, []);
    assert.equal(pair.clock.pending, 1);
    pair.end();
    assert.equal(pair.clock.pending, 0);
  });

  test("is heard by both sides in every beat", async () => {
    const pair = new Pair({ heartbeat: 1_000, silence: 5_000 });
    await pair.clock.advance(1_000);
    for (let i = 1; i < 10; i++) {
      await pair.clock.advance(1_000);
      assert.deepEqual([pair.parent.silent, pair.runner.silent], [false, false], `in beat ${i}`);
    }
    pair.end();
  });

  interface Alone {
    readonly clock: FakeClock;
    readonly log: string[];
    /** When something came from it. */
    readonly heard: number[];
    readonly say: () => void;
  }

  const alone = (options: { alive?: () => boolean; answers?: boolean } = {}): Alone => {
    const clock = new FakeClock();
    const log: string[] = [];
    const heard: number[] = [];
    const [here, there] = memoryTransportPair();
    there.receiver = { data: () => void heard.push(clock.now()), drain() {}, closed() {} };
    void new Session(here, { closed: (error) => void log.push(error?.message ?? "closed") }, { clock, ...options });
    const ping = Buffer.alloc(12);
    ping[0] = 15;
    return { clock, log, heard, say: () => void there.write([ping]) };
  };

  test("of a side that answers comes at that of the other, and else by itself", async () => {
    const { clock, heard, say } = alone({ answers: true });
    for (let i = 0; i < 3; i++) {
      await clock.advance(i === 0 ? 700 : 1_000);
      say();
      await turns(1);
    }
    await clock.advance(2_300);
    assert.deepEqual(heard, [700, 1_700, 2_700, 4_000, 5_000]);
  });

  test("of a side that does not answer comes by itself alone", async () => {
    const { clock, heard, say } = alone();
    await clock.advance(700);
    say();
    await clock.advance(1_400);
    assert.deepEqual(heard, [1_000, 2_000]);
  });

  test("gives a peer up that was silent for five seconds, once", async () => {
    const { clock, log } = alone();
    await clock.advance(4_999);
    assert.deepEqual(log, []);
    await clock.advance(1);
    assert.deepEqual(log, ["nothing was heard for 5000 ms"]);
    await clock.advance(60_000);
    assert.equal(log.length, 1);
    assert.equal(clock.pending, 0);
  });

  test("counts any byte, from the last one on", async () => {
    const { clock, log, say } = alone();
    for (let i = 0; i < 5; i++) {
      await clock.advance(4_500);
      say();
      await turns(1);
    }
    assert.deepEqual(log, []);
    await clock.advance(6_000);
    assert.equal(log.length, 1);
  });

  test("lets a peer live of which something else knows that it does, and for a whole silence after that", async () => {
    let alive = true;
    const { clock, log } = alone({ alive: () => alive });
    await clock.advance(60_000);
    assert.deepEqual(log, []);
    alive = false;
    await clock.advance(3_500);
    assert.deepEqual(log, []);
    await clock.advance(1_500);
    assert.equal(log.length, 1);
  });

  test("does not take a pause of its own process for the silence of the other", async () => {
    // A clock whose timers come as late as those of a process that was stopped.
    let wake: (() => void) | null = null;
    let armed: (() => void) | null = null;
    const log: string[] = [];
    const [here, there] = memoryTransportPair();
    there.receiver = { data() {}, drain() {}, closed() {} };
    let now = 0;
    const clock = {
      now: () => now,
      setTimer: (_ms: number, fn: () => void) => ((armed = fn), { cancel: () => void (armed = null) }),
    };
    void new Session(here, { closed: () => void log.push("closed") }, { clock });
    for (let i = 0; i < 4; i++) {
      now += 3_600_000;
      wake = armed;
      (wake as unknown as () => void)();
      await turns(1);
    }
    assert.deepEqual(log, []);
  });
});

test("what breaks the protocol closes the session with a ProtocolError, and open calls wait to be abandoned", async () => {
  const pair = new Pair();
  const probe = pair.call(pending);
  await turns();
  pair.transports[1].write([Buffer.from("this is no frame, not even by chance")]);
  await turns();
  assert.ok(pair.errors[0] instanceof ProtocolError);
  assert.deepEqual(probe.log, ["started"]);
  pair.end();
  await assert.rejects(probe.value, LOST);
});
