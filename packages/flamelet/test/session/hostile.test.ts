/** A peer that has proved who it is and then says what no peer of ours would say. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProtocolError } from "../../src/errors.ts";
import { packCallHead } from "../../src/session/call-frames.ts";
import { FIRST_WINDOW } from "../../src/session/window.ts";
import { memoryTransportPair } from "../../src/session/memory-transport.ts";
import { Session, type SessionOwner } from "../../src/session/session.ts";
import type { Transport } from "../../src/wire/transport.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { encode } from "../../src/wire/codec.ts";
import { BUFFER, ENDED, FAILED, HEADER, MINE, RAW, Type, writeHeader } from "../../src/wire/frames.ts";
import { packValue } from "../../src/wire/message.ts";
import { ref } from "../../src/wire/by-reference.ts";
import { Server } from "../../src/child/serve.ts";
import { Random } from "../hostile/random.ts";
import { named, Probe, tablesOf, turns } from "./harness.ts";

/** A session against somebody who writes frames by hand. */
class Victim {
  readonly session: Session;
  readonly errors: unknown[] = [];
  readonly #wire: Transport;
  closed = false;

  constructor(owner: Partial<SessionOwner> = {}) {
    const [here, there] = memoryTransportPair();
    there.receiver = { data() {}, drain() {}, closed() {} };
    this.#wire = there;
    this.session = new Session(
      here,
      {
        ...owner,
        closed: (error) => {
          this.closed = true;
          if (error !== undefined) this.errors.push(error);
        },
      },
      { clock: new FakeClock(), heartbeat: Infinity, silence: Infinity },
    );
  }

  say(type: number, flags: number, id: number, ...body: Uint8Array[]): void {
    const payload = Buffer.concat(body);
    const header = Buffer.alloc(HEADER);
    writeHeader(header, 0, type as Type, flags, id, payload.length);
    this.#wire.write([header, payload]);
  }

  /** The session ends now, as its owner would have it, and whatever is open must settle. */
  end(): void {
    this.session.abandon(new Error("over"));
  }

  assertClosed(): void {
    assert.equal(this.closed, true);
    assert.ok(this.errors[0] instanceof ProtocolError, String(this.errors[0]));
  }
}

const body = (value: unknown, ...before: readonly Uint8Array[]): Uint8Array[] => packValue(encode(value), before);
/** A value as only somebody else's encoder writes it. */
const text = (json: string): Uint8Array[] => packValue({ json, attachments: [] });

function runnerVictim(): { victim: Victim; server: Server } {
  const server = new Server({
    clock: new FakeClock(),
    runner: { id: "r1", pool: "p" },
    loaded: Promise.resolve(),
  });
  return { victim: new Victim({ call: (call) => server.call(call) }), server };
}

const callHead = (fn: string): readonly Uint8Array[] =>
  packCallHead({ fn, hash: "", kind: "value", timeout: 1_000, values: encode([[], []]) });

describe("closes the session:", () => {
  const cases: Record<string, (victim: Victim, call: Probe) => void> = {
    "a call to a parent": (victim) => victim.say(Type.CALL, MINE, 1, ...body([[], []], ...callHead("x"))),
    "a frame of an unknown type": (victim) => victim.say(99, 0, 1),
    "an invocation that is too short": (victim) => victim.say(Type.INVOKE, MINE, 1, Buffer.alloc(7)),
    "an invocation without a value": (victim) => victim.say(Type.INVOKE, MINE, 1, Buffer.alloc(9)),
    "a credit of three bytes": (victim) => victim.say(Type.CREDIT, 0, 1, Buffer.alloc(3)),
    "an unknown refusal": (victim, { call }) => victim.say(Type.REFUSE, ENDED, call.id, Buffer.of(77)),
    "an empty refusal": (victim, { call }) => victim.say(Type.REFUSE, ENDED, call.id),
    "a refusal of what has started": (victim, { call }) => {
      victim.say(Type.START, 0, call.id);
      victim.say(Type.REFUSE, ENDED, call.id, Buffer.of(0));
    },
    "an end without an answer": (victim, { call }) => victim.say(Type.END, 0, call.id),
    "a result that is no value": (victim, { call }) => victim.say(Type.RESULT, ENDED, call.id, Buffer.from("nonsense")),
    "a result that no encoder writes": (victim, { call }) =>
      victim.say(Type.RESULT, ENDED, call.id, ...text('![["$",[1]]]')),
  };
  for (const [name, act] of Object.entries(cases)) {
    test(name, async () => {
      const victim = new Victim();
      const call = new Probe(
        victim.session,
        named(() => 1),
        [],
      );
      await turns(2);
      act(victim, call);
      await turns(5);
      victim.assertClosed();
      victim.end();
      await turns(2);
      assert.equal(call.over, true);
      assert.equal(call.log.filter((what) => what !== "started").length, 2, call.log.join());
    });
  }

  test("a call that comes twice", async () => {
    const { victim } = runnerVictim();
    const fn = named(() => new Promise(() => {}));
    victim.say(Type.CALL, MINE, 1, ...body([[], []], ...callHead(fn)));
    victim.say(Type.CALL, MINE, 1, ...body([[], []], ...callHead(fn)));
    await turns(5);
    victim.assertClosed();
    victim.end();
  });

  test("a stream that sends more than it was granted", async () => {
    const victim = new Victim();
    const call = new Probe(
      victim.session,
      named(() => 1),
      [],
    );
    await turns(2);
    const encoded = encode(new ReadableStream());
    const stream = encoded.exports[0]?.id as number;
    victim.say(Type.RESULT, 0, call.call.id, ...packValue(encoded));
    const { value } = (await call.value) as { value: ReadableStream };
    const read = value.getReader().read();
    await turns(2);
    // One is read at once, and granted again; of the others, the last may overdraw what was granted.
    const chunk = Buffer.alloc(FIRST_WINDOW / 16);
    for (let i = 0; i < 17; i++) victim.say(Type.CHUNK, MINE | RAW, stream, chunk);
    await read;
    await turns(2);
    assert.equal(victim.closed, false);
    victim.say(Type.CHUNK, MINE | RAW, stream, chunk);
    await turns(2);
    victim.assertClosed();
    victim.end();
  });

  test("a thing that is handed over twice", async () => {
    for (const value of [new ReadableStream(), new WritableStream(), new AbortController().signal]) {
      const victim = new Victim();
      const calls = [1, 2].map(
        () =>
          new Probe(
            victim.session,
            named(() => 1),
            [],
          ),
      );
      await turns(2);
      const packed = packValue(encode([value]));
      for (const { call } of calls) victim.say(Type.RESULT, 0, call.id, ...packed);
      await turns(2);
      victim.assertClosed();
      victim.end();
      for (const call of calls) assert.equal(call.over, true);
    }
  });
});

describe("is only an error of its own:", () => {
  test("an invocation of something that is not out, or of a method that does not exist", async () => {
    const victim = new Victim();
    const secret = { method: () => assert.fail("must not be called"), hidden: 1 };
    const call = new Probe(
      victim.session,
      named(() => 1),
      [ref(secret), () => assert.fail("must not be called")],
    );
    await turns(2);
    const ids = (call.call.values?.exports ?? []).map(({ id }) => id);
    for (const id of [...ids, 0, 999_999, 2 ** 40]) {
      for (const method of [1, 77, 0xfffd, 0xfffe]) {
        const head = Buffer.alloc(8);
        head.writeUIntBE(id, 0, 6);
        head.writeUInt16BE(method, 6);
        victim.say(Type.INVOKE, MINE, 5, ...body([], head));
        victim.say(Type.INVOKE, MINE, 6, ...body("no arguments", head));
      }
    }
    await turns(5);
    assert.equal(victim.closed, false);
    victim.end();
  });

  test("what concerns an id that nobody knows", async () => {
    const victim = new Victim();
    for (const type of Object.values(Type)) {
      if (type === Type.CALL || type === Type.INVOKE || type === Type.CREDIT) continue;
      victim.say(type, 0, 12_345, ...body("whatever"));
      victim.say(type, MINE | ENDED, 12_345, ...body("whatever"));
    }
    await turns(5);
    assert.equal(victim.closed, false);
    victim.end();
  });

  test("a call whose values cannot be read is refused", async () => {
    const { victim, server } = runnerVictim();
    const fn = named(() => assert.fail("must not run"));
    for (const values of [body(1), body([1, 2]), body([[]]), text("nonsense"), text('[["$",[1]]]')])
      victim.say(Type.CALL, MINE, 1, ...callHead(fn), ...values);
    await turns(5);
    assert.equal(victim.closed, false);
    assert.equal(server.running, 0);
    victim.end();
  });
});

const FLAGS = [0, MINE, ENDED, MINE | ENDED, FAILED, MINE | FAILED, MINE | RAW, RAW | BUFFER, MINE | RAW | BUFFER];

/** Anything that is encoded as it should be: the ids in it are those that are in use, or will be. */
function values(random: Random): unknown {
  return random.pick([
    () => 1,
    () => [[], []],
    () => new Error("no"),
    () => new Map([[1, new Set([2n])]]),
    () => new ReadableStream(),
    () => new WritableStream(),
    () => Promise.resolve(random.below(5)),
    () => AbortSignal.abort("why"),
    () => new AbortController().signal,
    () => [ref({ method: () => 1 }), new ReadableStream()],
    () => [[], [new ReadableStream(), Promise.reject(new Error("no"))]],
  ])();
}

async function attack(seed: number): Promise<void> {
  const random = new Random(seed);
  const parent = seed % 2 === 0;
  const { victim, server } = parent ? { victim: new Victim(), server: null } : runnerVictim();
  const wait = named(async (...args: any[]) => {
    for (const arg of args) {
      if (arg instanceof ReadableStream) await arg.getReader().read();
      else await arg;
    }
    return [ref({ method: () => 1 }), new ReadableStream(), Promise.resolve(2)];
  });
  const probes: Probe[] = [];
  const ids = [0, 1, 2, 3];
  for (let i = 0; parent && i < 4; i++) {
    const probe = new Probe(victim.session, wait, [
      () => 1,
      new ReadableStream({ pull: (controller) => controller.enqueue(1) }),
      new WritableStream(),
      new Promise(() => {}),
    ]);
    probes.push(probe);
    ids.push(probe.call.id, ...(probe.call.values?.exports ?? []).map(({ id }) => id));
    const use = (value: any): void => {
      for (const part of Array.isArray(value) ? value : [value]) {
        if (part instanceof ReadableStream)
          void part
            .getReader()
            .read()
            .catch(() => {});
        if (part instanceof WritableStream)
          void part
            .getWriter()
            .write(1)
            .catch(() => {});
        if (typeof part?.method === "function") void part.method(() => 1).catch(() => {});
      }
    };
    void probe.value.then((result) => use((result as { value: unknown }).value)).catch(() => {});
  }
  await turns(1);
  for (let i = 0; i < 40 && !victim.closed; i++) {
    const type = random.pick(Object.values(Type));
    const id = random.pick(ids);
    const flags = random.pick(FLAGS);
    const encoded = encode(values(random));
    ids.push(...encoded.exports.map((exported) => exported.id));
    const head = Buffer.alloc(8);
    head.writeUIntBE(random.pick(ids), 0, 6);
    head.writeUInt16BE(random.pick([0, 1, 2, 0xfffe, 0xffff]), 6);
    if (type === Type.CALL) victim.say(type, MINE, id, ...packValue(encoded, callHead(wait)));
    else if (type === Type.INVOKE) victim.say(type, flags, id, ...packValue(encoded, [head]));
    else if (type === Type.CREDIT) victim.say(type, flags, id, head.subarray(4));
    else if (type === Type.REFUSE) victim.say(type, flags, id, Buffer.of(random.below(5)));
    else victim.say(type, flags, id, ...packValue(encoded));
    if (random.below(3) === 0) await turns(1);
  }
  await turns(3);
  for (const error of victim.errors) assert.ok(error instanceof ProtocolError, `seed ${seed}: ${String(error)}`);
  victim.end();
  server?.drain(() => {});
  await turns(5);
  for (const { log } of probes) {
    assert.equal(log.filter((what) => what === "ended").length, 1, `seed ${seed}: ${log.join()}`);
    assert.equal(log.at(-1), "ended");
  }
  assert.deepEqual(
    Object.entries(tablesOf(victim.session)).filter(([, size]) => size > 0),
    [],
    `seed ${seed}`,
  );
}

test("random frames that look valid never end this process, and leave nothing open that the end of the session does not settle", async () => {
  const rejections: unknown[] = [];
  const unhandled = (error: unknown): void => void rejections.push(error);
  process.on("unhandledRejection", unhandled);
  process.on("uncaughtException", unhandled);
  try {
    for (let seed = 1; seed <= 200; seed++) await attack(seed);
    await turns();
  } finally {
    process.off("unhandledRejection", unhandled);
    process.off("uncaughtException", unhandled);
  }
  assert.deepEqual(rejections, []);
});
