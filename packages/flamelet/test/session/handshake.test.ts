import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { AuthError, BuildMismatchError, ProtocolError } from "../../src/errors.ts";
import { acceptRunner, greetParent, type RunnerKey, type SeatKey } from "../../src/session/handshake.ts";
import { encodeHello, prove } from "../../src/session/hello.ts";
import { memoryTransportPair } from "../../src/session/memory-transport.ts";
import type { Receiver, Transport } from "../../src/wire/transport.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const secret = randomBytes(32).toString("base64url");

function runnerKey(change: Partial<RunnerKey> = {}): RunnerKey {
  return { kind: "main", runnerId: "ffmpeg-1", epoch: 3, secret, buildId: "app@1", parentBuildId: "app@1", ...change };
}

interface TestSeat extends SeatKey {
  readonly heard: Error[];
}

function seatKey(change: Partial<SeatKey> = {}): TestSeat {
  const heard: Error[] = [];
  const refused = (error: Error): void => void heard.push(error);
  return { secret, epoch: 3, buildId: "app@1", claim: () => true, refused, heard, ...change };
}

/** Collects what arrives at an end of a pair. */
class Sink implements Receiver {
  bytes = Buffer.alloc(0);
  over = false;
  constructor(transport: Transport) {
    transport.receiver = this;
  }
  data(bytes: Uint8Array): void {
    this.bytes = Buffer.concat([this.bytes, bytes]);
  }
  drain(): void {}
  closed(): void {
    this.over = true;
  }
}

async function shake(key: RunnerKey, seat: SeatKey | undefined) {
  const clock = new FakeClock();
  const [ours, theirs] = memoryTransportPair();
  const [accepted, greeted] = await Promise.allSettled([
    acceptRunner(ours, (id) => (id === "ffmpeg-1" ? seat : undefined), clock),
    greetParent(theirs, key, clock),
  ]);
  assert.equal(clock.pending, 0, "a timer was left behind");
  return { ours, theirs, accepted, greeted };
}

function reason(result: PromiseSettledResult<unknown>): unknown {
  assert.equal(result.status, "rejected");
  return (result as PromiseRejectedResult).reason;
}

test("both sides know the secret: the link is accepted, and each side's next bytes reach the other's next owner", async () => {
  for (const kind of ["main", "watchdog"] as const) {
    const { ours, theirs, accepted, greeted } = await shake(runnerKey({ kind }), seatKey());
    assert.deepEqual(accepted, { status: "fulfilled", value: kind });
    assert.equal(greeted.status, "fulfilled");
    ours.write([Buffer.from("to the runner")]);
    theirs.write([Buffer.from("to the parent")]);
    const [atParent, atRunner] = [new Sink(ours), new Sink(theirs)];
    await new Promise(setImmediate);
    assert.equal(atRunner.bytes.toString(), "to the runner");
    assert.equal(atParent.bytes.toString(), "to the parent");
  }
});

test("bytes that arrive in one chunk with the welcome are not lost", async () => {
  const clock = new FakeClock();
  const [ours, theirs] = memoryTransportPair();
  const greeted = greetParent(theirs, runnerKey(), clock);
  const sink = new Sink(ours);
  await new Promise(setImmediate);
  const nonce = randomBytes(32);
  ours.write([nonce, prove(Buffer.from(secret, "base64url"), "parent", [sink.bytes], nonce)]);
  await new Promise(setImmediate);
  ours.write([Buffer.concat([Buffer.of(0), Buffer.from("first frame")])]);
  await greeted;
  const atRunner = new Sink(theirs);
  ours.write([Buffer.from(", second frame")]);
  await new Promise(setImmediate);
  assert.equal(atRunner.bytes.toString(), "first frame, second frame");
});

test("a runner with another secret is refused, and the seat hears nothing of it", async () => {
  const seat = seatKey();
  const other = randomBytes(32).toString("base64url");
  const { accepted, greeted } = await shake(runnerKey({ secret: other }), seat);
  assert.ok(AuthError.is(reason(accepted)));
  assert.ok(AuthError.is(reason(greeted)));
  assert.deepEqual(seat.heard, []);
});

test("a runner that goes on though its parent could not prove itself does not get in", async () => {
  const clock = new FakeClock();
  const [ours, theirs] = memoryTransportPair();
  const seat = seatKey();
  const accepted = acceptRunner(ours, () => seat, clock);
  const sink = new Sink(theirs);
  const hello = encodeHello({ ...runnerKey(), version: 1 }, randomBytes(32));
  theirs.write([hello]);
  await new Promise(setImmediate);
  // The parent's own proof, sent back: the role keeps it from counting as the runner's.
  theirs.write([sink.bytes.subarray(32)]);
  await assert.rejects(accepted, AuthError);
  await new Promise(setImmediate);
  assert.equal(sink.bytes.length, 64);
  assert.equal(sink.over, true);
  assert.deepEqual(seat.heard, []);
});

test("an unknown runner sees exactly what one with a wrong secret sees", async () => {
  const seen: unknown[] = [];
  for (const seat of [undefined, seatKey()]) {
    const clock = new FakeClock();
    const [ours, theirs] = memoryTransportPair();
    const accepted = acceptRunner(ours, () => seat, clock);
    const sink = new Sink(theirs);
    theirs.write([encodeHello({ ...runnerKey(), version: 1 }, randomBytes(32))]);
    await new Promise(setImmediate);
    const answered = sink.bytes.length;
    theirs.write([randomBytes(32)]);
    const error = await accepted.then(String, String);
    await new Promise(setImmediate);
    seen.push({ answered, closed: sink.over, in: sink.bytes.length, error });
  }
  assert.deepEqual(seen[0], seen[1]);
});

test("a recorded handshake, played again, is refused", async () => {
  const clock = new FakeClock();
  const [a, b] = memoryTransportPair();
  const recorded: Buffer[] = [];
  const write = b.write.bind(b);
  b.write = (chunks) => {
    recorded.push(Buffer.concat(chunks));
    return write(chunks);
  };
  await Promise.all([acceptRunner(a, () => seatKey(), clock), greetParent(b, runnerKey(), clock)]);
  assert.equal(recorded.length, 2);

  const [ours, theirs] = memoryTransportPair();
  const sink = new Sink(theirs);
  const accepted = acceptRunner(ours, () => seatKey(), clock);
  theirs.write([recorded[0]!]);
  await new Promise(setImmediate);
  theirs.write([recorded[1]!]);
  await assert.rejects(accepted, AuthError);
  await new Promise(setImmediate);
  assert.equal(sink.over, true);
});

test("a proof is bound to the kind of link, the runner, the epoch and the build", async () => {
  const nonces = [randomBytes(32), randomBytes(32)] as const;
  const key = Buffer.from(secret, "base64url");
  const proofs = [{}, { kind: "watchdog" }, { runnerId: "ffmpeg-2" }, { epoch: 4 }, { buildId: "app@2" }].map(
    (change) =>
      prove(
        key,
        "runner",
        [encodeHello({ ...runnerKey(change as object), version: 1 }, nonces[0])],
        nonces[1],
      ).toString("hex"),
  );
  assert.equal(new Set(proofs).size, proofs.length);
});

test("a hello that stops midway is given up after 5 s, and one that ends at once", async () => {
  const hello = encodeHello({ ...runnerKey(), version: 1 }, randomBytes(32));
  for (const length of [0, 3, 6, 40, hello.length - 1]) {
    const clock = new FakeClock();
    const [ours, theirs] = memoryTransportPair();
    const sink = new Sink(theirs);
    const accepted = acceptRunner(ours, () => seatKey(), clock);
    theirs.write([hello.subarray(0, length)]);
    const rejected = assert.rejects(accepted, AuthError);
    await clock.advance(4_999);
    assert.equal(sink.over, false);
    await clock.advance(1);
    await rejected;
    assert.equal(sink.over, true);

    const [again, gone] = memoryTransportPair();
    const second = acceptRunner(again, () => seatKey(), clock);
    gone.write([hello.subarray(0, length)]);
    gone.end();
    await assert.rejects(second, AuthError);
    assert.equal(clock.pending, 0);
  }
});

test("a byte now and then does not keep a handshake going", async () => {
  const clock = new FakeClock();
  const [ours, theirs] = memoryTransportPair();
  const sink = new Sink(theirs);
  const rejected = assert.rejects(
    acceptRunner(ours, () => seatKey(), clock),
    AuthError,
  );
  for (const byte of encodeHello({ ...runnerKey(), version: 1 }, randomBytes(32)).subarray(0, 12)) {
    theirs.write([Buffer.of(byte)]);
    await clock.advance(500);
  }
  await rejected;
  assert.equal(sink.over, true);
});

test("what is no hello, or too long a one, ends the connection before it is read", async () => {
  const long = Buffer.concat([Buffer.from("FLAM"), Buffer.of(0xff, 0xff)]);
  const strangers = [
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    long,
    Buffer.alloc(65_536, "FLAM"),
    Buffer.from("FLAM\0\0"),
  ];
  const hello = encodeHello({ ...runnerKey(), version: 1 }, randomBytes(32));
  const kind = Buffer.from(hello);
  kind[7] = 9;
  const lengths = Buffer.from(hello);
  lengths[12] = 255;
  const early = Buffer.concat([hello, randomBytes(32)]);
  for (const bytes of [...strangers, kind, lengths, early]) {
    const clock = new FakeClock();
    const [ours, theirs] = memoryTransportPair();
    const sink = new Sink(theirs);
    const seat = seatKey();
    const accepted = acceptRunner(ours, () => seat, clock);
    theirs.write([bytes]);
    await assert.rejects(accepted, ProtocolError);
    await new Promise(setImmediate);
    assert.deepEqual([sink.over, sink.bytes.length, seat.heard.length, clock.pending], [true, 0, 0, 0]);
  }
});

test("a runner of another build is told so, and so is the seat", async () => {
  const seat = seatKey({ buildId: "app@2" });
  const { accepted, greeted } = await shake(runnerKey({ parentBuildId: "app@2" }), seat);
  for (const error of [reason(accepted), reason(greeted)]) {
    assert.ok(BuildMismatchError.is(error));
    assert.match(String(error), /parent \(app@2\) and runner \(app@1\)/);
  }
  assert.deepEqual(seat.heard, [reason(accepted)]);
});

test("a runner of an older boot, and a second one, are refused", async () => {
  const epoch = await shake(runnerKey({ epoch: 2 }), seatKey());
  assert.match(String(reason(epoch.accepted)), /is of boot 2, not 3/);
  assert.ok(ProtocolError.is(reason(epoch.greeted)));
  const kinds: string[] = [];
  const twice = await shake(runnerKey(), seatKey({ claim: (kind) => (kinds.push(kind), false) }));
  assert.match(String(reason(twice.accepted)), /connected already \(main\)/);
  assert.ok(ProtocolError.is(reason(twice.greeted)));
  assert.deepEqual(kinds, ["main"]);
});

test("a place is claimed only by who has proved to be the runner", async () => {
  let claimed = 0;
  const seat = seatKey({ claim: () => (claimed++, true) });
  await shake(runnerKey({ secret: randomBytes(32).toString("base64url") }), seat);
  assert.equal(claimed, 0);
});

test("no error tells the secret", async () => {
  for (const change of [{ secret: randomBytes(32).toString("base64url") }, { epoch: 1 }, { buildId: "x" }]) {
    const key = runnerKey(change);
    const { accepted, greeted } = await shake(key, seatKey());
    for (const error of [reason(accepted), reason(greeted)]) {
      const text = `${(error as Error).stack} ${JSON.stringify(error)}`;
      assert.ok(!text.includes(secret) && !text.includes(key.secret));
    }
  }
});
