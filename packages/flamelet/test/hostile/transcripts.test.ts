/** Real sessions are recorded, damaged, and played to a parent and to a runner, some thousands of times. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "../../src/child/serve.ts";
import { FlameError } from "../../src/errors.ts";
import type { RegisteredFunction } from "../../src/registry.ts";
import type { CallKind, CallListener } from "../../src/session/calls.ts";
import { memoryTransportPair } from "../../src/session/memory-transport.ts";
import { Session } from "../../src/session/session.ts";
import type { Receiver, Transport } from "../../src/wire/transport.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { ref } from "../../src/wire/by-reference.ts";
import { encode } from "../../src/wire/codec.ts";
import { snapshotPrototypes } from "../wire/codec-prototypes.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";

const SEED = 20_240_817;
const CASES = 2_000;
const limits = { maxMessageBytes: 1024 * 1024, maxPartialBytes: 2 * 1024 * 1024 };

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
before(() => void process.on("unhandledRejection", note));
after(() => void process.off("unhandledRejection", note));

/** A few turns of the event loop: enough for what a message sets off to come to rest. */
async function rest(turns = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise(setImmediate);
}

type Run = (...args: any[]) => unknown;

const functions: Record<string, Run> = {
  echo: (value: unknown) => value,
  fail: () => {
    throw Object.assign(new RangeError("no luck", { cause: new Error("the cause") }), { code: "E", at: [1, 2] });
  },
  callBack: async (fn: (n: number) => Promise<number>) => [await fn(1), await fn(2)],
  async *count(to: number) {
    for (let i = 0; i < to; i++) yield { i, bytes: Buffer.from([i]) };
  },
  read: async (stream: ReadableStream<Uint8Array>) => {
    let bytes = 0;
    for await (const chunk of stream) bytes += chunk.length;
    return bytes;
  },
  write: async (sink: WritableStream) => {
    const writer = sink.getWriter();
    await writer.write(new Uint8Array([1, 2, 3]));
    await writer.close();
  },
  give: () => ({ later: Promise.resolve([1]), map: new Map([["a", new Set([1n])]]) }),
  wait: (signal: AbortSignal, gate: Promise<void>) => Promise.race([gate, new Promise(() => signal.aborted)]),
  counter: () => ({ total: 0, add: (by: number) => by, self: () => ref({ more: () => 1 }) }),
};

const own: ReadonlyMap<string, RegisteredFunction> = new Map(
  Object.entries(functions).map(([id, run]) => [
    id,
    { id, hash: "", captures: [], where: "here", make: () => run as never },
  ]),
);

/** What became of one side. */
interface Side {
  readonly session: Session;
  readonly closed: { error: Error | undefined }[];
}

function runner(transport: Transport, clock: FakeClock): Side {
  const closed: Side["closed"] = [];
  const server = new Server({ clock, runner: { id: "r-1", pool: "p" }, loaded: Promise.resolve(), own });
  const session: Session = new Session(
    transport,
    {
      call: (call) => server.call(call),
      drain: () => server.drain(() => session.goodbye()),
      closed: (error) => void closed.push({ error }),
    },
    { clock, silence: Infinity, limits },
  );
  session.ready();
  return { session, closed };
}

function parent(transport: Transport, clock: FakeClock): Side {
  const closed: Side["closed"] = [];
  const owner = { ready() {}, leaving() {}, goodbye() {}, closed: (error?: Error) => void closed.push({ error }) };
  return { session: new Session(transport, owner, { clock, limits }), closed };
}

/** How many of the parent's calls were told how they went, and how many have ended. */
class Tally {
  calls = 0;
  settled = 0;
  ended = 0;
}

/** What the recorded parent does; the same each time, so that its ids are. Uses up what it is given. */
function work(session: Session, tally: Tally): void {
  const call = (fn: string, args: unknown[], kind: CallKind = "value", use?: (value: any) => unknown): void => {
    tally.calls += 1;
    let told = 0;
    const settle = (): void => {
      told += 1;
      if (told > 1) throw new Error(`${fn} was settled twice`);
      tally.settled += 1;
    };
    const listener: CallListener = {
      started() {},
      result: (value) => {
        settle();
        if (use !== undefined) void Promise.resolve(use(value)).catch(() => {});
      },
      failed: settle,
      refused: settle,
      lost: settle,
      ended: () => void (tally.ended += 1),
    };
    const values = encode([[], args], { implicitCallbacks: true });
    session.call({ fn, hash: "", kind, timeout: 1_000, values }, listener);
  };
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(40));
      controller.enqueue(Buffer.from("more"));
      controller.close();
    },
  });
  const drainAll = async (values: AsyncIterable<unknown>): Promise<void> => {
    for await (const _ of values);
  };
  call("echo", [
    { list: [1, -0, null, undefined, 5n], date: new Date(0), error: new TypeError("t"), url: new URL("a:b") },
  ]);
  call("echo", [Buffer.alloc(300, 1)]);
  call("fail", []);
  call("nowhere", []);
  call("callBack", [(n: number) => n + 1]);
  call("count", [5], "stream", drainAll);
  call("read", [stream]);
  call("write", [new WritableStream({ write() {} })]);
  call("give", [], "value", async (value) => await value.later);
  call("wait", [new AbortController().signal, Promise.resolve()]);
  call("counter", [], "place", async (counter) => {
    await counter.add(2);
    await (await counter.self()).more();
    await counter[Symbol.asyncDispose]();
  });
}

/** Writes down what passes. */
function tap(transport: Transport, into: Buffer[]): void {
  const write = transport.write.bind(transport);
  transport.write = (chunks) => {
    // Copied, since a value's bytes may be used again.
    for (const chunk of chunks) into.push(Buffer.from(chunk));
    return write(chunks);
  };
}

async function record(): Promise<{ up: Buffer; down: Buffer }> {
  const clock = new FakeClock();
  const [a, b] = memoryTransportPair();
  const [down, up]: Buffer[][] = [[], []];
  tap(a, down as Buffer[]);
  tap(b, up as Buffer[]);
  const one = parent(a, clock);
  const two = runner(b, clock);
  const tally = new Tally();
  work(one.session, tally);
  // The function that is nowhere is waited for.
  await clock.advance(3_000);
  await rest(20);
  assert.deepEqual(tally, Object.assign(new Tally(), { calls: 11, settled: 11, ended: 11 }));
  one.session.drain();
  await rest(5);
  assert.deepEqual([one.closed, two.closed], [[{ error: undefined }], [{ error: undefined }]]);
  for (const { session } of [one, two]) session.abandon(new Error("over"));
  assert.equal(clock.pending, 0);
  return { up: Buffer.concat(up as Buffer[]), down: Buffer.concat(down as Buffer[]) };
}

/** Plays bytes to a session, in pieces, and closes. */
async function play(random: Random, transport: Transport, bytes: Buffer): Promise<void> {
  transport.receiver = { data() {}, drain() {}, closed() {} } satisfies Receiver;
  for (let at = 0; at < bytes.length;) {
    const size = 1 + random.below(random.below(4) === 0 ? 20 : 2_000);
    transport.write([bytes.subarray(at, at + size)]);
    at += size;
    if (random.below(3) === 0) await rest(1);
  }
  await rest(2);
}

let recorded: { up: Buffer; down: Buffer };
before(async () => {
  recorded = await record();
});

for (const role of ["parent", "runner"] as const) {
  test(`${CASES} damaged transcripts do nothing to a ${role} but close its session with a typed error`, async () => {
    const unchanged = snapshotPrototypes();
    const [said, other] = role === "parent" ? [recorded.up, recorded.down] : [recorded.down, recorded.up];
    let refusals = 0;
    for (let n = 0; n < CASES; n++) {
      const random = new Random(SEED + n);
      const clock = new FakeClock();
      const [ours, theirs] = memoryTransportPair();
      const side = role === "parent" ? parent(ours, clock) : runner(ours, clock);
      const tally = new Tally();
      if (role === "parent") work(side.session, tally);
      const told = `case ${n} of seed ${SEED}`;
      await play(random, theirs, mutate(random, said, other));
      const [first] = side.closed;
      if (first?.error !== undefined) {
        refusals += 1;
        assert.ok(FlameError.is(first.error), `${told}: not a typed error: ${first.error.stack}`);
      }
      theirs.destroy();
      await rest(1);
      assert.equal(side.closed.length, 1, `${told}: closed ${side.closed.length} times`);
      side.session.abandon(new Error("over"));
      await rest(1);
      assert.deepEqual([tally.settled, tally.ended], [tally.calls, tally.calls], `${told}: calls hang`);
      assert.deepEqual(unhandled.splice(0), [], `${told}: unhandled rejections`);
    }
    unchanged();
    // Many mutations are harmless: they end early, or say something else that can be. But not most.
    assert.ok(refusals > CASES / 4, `${refusals} of ${CASES} were refused`);
  });
}
