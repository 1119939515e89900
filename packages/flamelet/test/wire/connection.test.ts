import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../../src/errors.ts";
import { Connection } from "../../src/wire/connection.ts";
import { HEADER, MAX_PAYLOAD, MINE, MORE, RAW, SIZE, Type, writeHeader } from "../../src/wire/frames.ts";
import { PartialMessage } from "../../src/wire/partial-message.ts";
import type { Receiver, Transport } from "../../src/wire/transport.ts";

/** A transport that notes what is written, and takes only so much until it is drained. */
class Recorder implements Transport {
  receiver: Receiver | null = null;
  lends = false;
  idle = false;
  readonly writes: Buffer[] = [];
  /** What it was given, which is not copied. */
  readonly given: Uint8Array[] = [];
  readonly capacity: number;
  destroyed = false;
  #held = 0;

  constructor(capacity = Infinity) {
    this.capacity = capacity;
  }
  write(chunks: readonly Uint8Array[]): boolean {
    const bytes = Buffer.concat(chunks);
    this.given.push(...chunks);
    this.writes.push(bytes);
    this.#held += bytes.length;
    return this.#held < this.capacity;
  }
  release(): void {
    this.#held = 0;
    this.receiver?.drain();
  }
  unread(): void {}
  end(): void {}
  destroy(): void {
    this.destroyed = true;
  }

  /** Type, id and length of every frame written so far. */
  get frames(): { type: number; id: number; length: number; more: boolean }[] {
    const all = Buffer.concat(this.writes);
    const frames = [];
    for (let at = 0; at < all.length;) {
      const length = all.readUInt32BE(at + 8);
      frames.push({
        type: all[at] as number,
        id: all.readUIntBE(at + 2, 6),
        length,
        more: ((all[at + 1] as number) & MORE) !== 0,
      });
      at += HEADER + length;
    }
    return frames;
  }
}

function connect(transport: Transport): {
  connection: Connection;
  messages: [number, number, number][];
  errors: unknown[];
} {
  const messages: [number, number, number][] = [];
  const errors: unknown[] = [];
  const connection = new Connection(
    transport,
    {
      message: (type, _flags, id, _bytes, from, to) => void messages.push([type, id, to - from]),
      closed: (error) => void errors.push(error),
    },
    { maxMessageBytes: 300_000, maxPartialBytes: 400_000 },
  );
  connection.open();
  return { connection, messages, errors };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("small messages of one turn go out in one write, and many of them in several, without waiting for its end", async () => {
  const wire = new Recorder();
  const { connection } = connect(wire);
  const written: number[] = [];
  for (let id = 1; id <= 20; id++) connection.send(Type.START, 0, id, [], id, () => written.push(id));
  assert.equal(wire.writes.length, 0);
  await turn();
  assert.equal(wire.writes.length, 1);
  for (let id = 21; id <= 100; id++) connection.send(Type.START, 0, id, [], id, () => written.push(id));
  assert.equal(wire.writes.length, 3, "two times 32");
  assert.equal(written.length, 20, "who sends is not called back from within");
  await turn();
  assert.equal(wire.writes.length, 4);
  const ids = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.deepEqual(written, ids);
  assert.deepEqual(
    wire.frames.map(({ id }) => id),
    ids,
  );
});

test("memory of small messages is used again, but not before the transport is done with it", async () => {
  const wire = new Recorder();
  const { connection } = connect(wire);
  const written: Buffer[] = [];
  // Each fits into the memory of the one before.
  for (const idle of [false, true, true, false, true]) {
    wire.idle = idle;
    connection.send(Type.CHUNK, 0, 1, [Buffer.alloc(10_000 - written.length, written.length)], 1);
    await turn();
    written.push(wire.writes.at(-1) as Buffer);
  }
  const again = wire.given.slice(1).map(({ buffer, byteOffset }, i) => {
    const before = wire.given[i] as Uint8Array;
    return buffer === before.buffer && byteOffset === before.byteOffset;
  });
  assert.deepEqual(again, [false, true, true, false]);
  // What is much too large for its batch goes with that.
  const large = wire.given.at(-1) as Uint8Array;
  for (const size of [1, 5_000]) {
    connection.send(Type.CHUNK, 0, 1, [Buffer.alloc(size)], 1);
    await turn();
  }
  const [small, next] = wire.given.slice(-2) as [Uint8Array, Uint8Array];
  assert.deepEqual([small.buffer, small.byteOffset], [large.buffer, large.byteOffset]);
  assert.ok(next.buffer !== large.buffer || next.byteOffset !== large.byteOffset);
  for (const kept of [0, 3]) assert.deepEqual(Buffer.from(wire.given[kept] as Uint8Array), written[kept]);
});

test("a long message is cut into frames of at most 64 KiB, and long messages take turns", async () => {
  const wire = new Recorder();
  const { connection } = connect(wire);
  connection.send(Type.CHUNK, 0, 1, [Buffer.alloc(150_000)], 1);
  connection.send(Type.CHUNK, 0, 2, [Buffer.alloc(150_000)], 2);
  await turn();
  assert.deepEqual(
    wire.frames.map(({ id, length, more }) => [id, length, more]),
    [
      [1, MAX_PAYLOAD, true],
      [2, MAX_PAYLOAD, true],
      [1, MAX_PAYLOAD, true],
      [2, MAX_PAYLOAD, true],
      [1, 150_000 + SIZE - 2 * MAX_PAYLOAD, false],
      [2, 150_000 + SIZE - 2 * MAX_PAYLOAD, false],
    ],
  );
});

test("a small message overtakes a long one that waits for the transport", async () => {
  const wire = new Recorder(100_000);
  const { connection } = connect(wire);
  connection.send(Type.CHUNK, 0, 1, [Buffer.alloc(2_000_000)], 1);
  await turn();
  connection.send(Type.START, 0, 9, [], 9);
  await turn();
  assert.equal(wire.frames.at(-1)?.id, 9);
  wire.release();
  await turn();
  assert.equal(wire.frames.at(-1)?.id, 1);
});

test("messages of one lane keep their order, whatever their size", async () => {
  const wire = new Recorder();
  const { connection } = connect(wire);
  connection.send(Type.INVOKE, 0, 1, [Buffer.alloc(200_000)], 7);
  connection.send(Type.INVOKE, 0, 2, [Buffer.alloc(10)], 7);
  connection.send(Type.INVOKE, 0, 3, [], 7);
  await turn();
  assert.deepEqual([...new Set(wire.frames.map(({ id }) => id))], [1, 2, 3]);
});

test("onWritten is called when the last byte went out, and not before", async () => {
  const wire = new Recorder(100_000);
  const { connection } = connect(wire);
  let written = false;
  connection.send(Type.CHUNK, 0, 1, [Buffer.alloc(600_000)], 1, () => {
    written = true;
  });
  await turn();
  assert.equal(written, false);
  while (wire.frames.reduce((sum, { length }) => sum + length, 0) < 600_000) {
    assert.equal(written, false);
    wire.release();
    await turn();
  }
  assert.equal(written, true);
});

test("a message can be withdrawn until its first byte is out", async () => {
  const wire = new Recorder();
  const { connection } = connect(wire);
  const small = connection.send(Type.CALL, MINE, 1, [Buffer.alloc(5)], 1);
  const long = connection.send(Type.CALL, MINE, 2, [Buffer.alloc(50_000)], 2);
  assert.equal(connection.withdraw(small, 1), true);
  assert.equal(connection.withdraw(long, 2), true);
  const gone = connection.send(Type.CALL, MINE, 3, [Buffer.alloc(5)], 3);
  await turn();
  assert.equal(connection.withdraw(gone, 3), false);
  assert.deepEqual(
    wire.frames.map(({ id }) => id),
    [3],
  );
});

function bytesOf(type: Type, flags: number, id: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER);
  writeHeader(header, 0, type, flags, id, payload.length);
  return Buffer.concat([header, payload]);
}

/** The payload of the first frame of several. */
function beginning(size: number, piece: Uint8Array): Buffer {
  const head = Buffer.alloc(SIZE);
  head.writeUInt32BE(size);
  return Buffer.concat([head, piece]);
}

test("frames of several messages may alternate, and each message arrives whole", () => {
  const wire = new Recorder();
  const { messages } = connect(wire);
  const piece = Buffer.alloc(1_000);
  for (const [id, more, payload] of [
    [1, MORE, beginning(3_000, piece)],
    [2, MORE, beginning(2_000, piece)],
    [1, MORE, piece],
    [2, 0, piece],
    [1, 0, piece],
  ] as const)
    wire.receiver?.data(bytesOf(Type.CHUNK, more, id, payload));
  assert.deepEqual(messages, [
    [Type.CHUNK, 2, 2_000],
    [Type.CHUNK, 1, 3_000],
  ]);
});

for (const lends of [false, true]) {
  const how = lends ? ", in memory that is used again" : "";
  test(`what was sent arrives byte for byte, however the wire cuts it${how}`, async () => {
    await everyCut(lends);
  });
}

async function everyCut(lends: boolean): Promise<void> {
  const sent = [0, 10, 20_000, 65_536, 65_537, 70_000, 131_068, 131_069, 250_000].map((size, n) =>
    Buffer.alloc(size, `message ${n} `),
  );
  for (const cut of [1, 3, 15, 17, 1_000, 65_536]) {
    const wire = new Recorder();
    const { connection } = connect(wire);
    for (const [n, body] of sent.entries())
      connection.send(Type.CHUNK, RAW, n, [body.subarray(0, 7), body.subarray(7)], n);
    await turn();
    const arrived: Buffer[] = [];
    const other = new Recorder();
    other.lends = lends;
    const errors: unknown[] = [];
    new Connection(other, {
      message: (_type, _flags, id, bytes, from, to) => void (arrived[id] = bytes.subarray(from, to)),
      closed: (error) => void errors.push(error),
    }).open();
    const all = Buffer.concat(wire.writes);
    for (let at = 0; at < all.length; at += cut) {
      const read = Buffer.from(all.subarray(at, at + cut));
      other.receiver?.data(read);
      if (lends) read.fill(0xff);
    }
    assert.deepEqual(errors, []);
    for (const [n, body] of sent.entries()) assert.equal(arrived[n]?.equals(body), true, `message ${n}, cut at ${cut}`);
  }
}

for (const [what, payloads] of [
  ["longer than the limit", [[MORE, beginning(300_001, Buffer.alloc(1))]]],
  ["as long as can be said", [[MORE, beginning(2 ** 32 - 1, Buffer.alloc(1))]]],
  [
    "longer than it said",
    [
      [MORE, beginning(10, Buffer.alloc(5))],
      [MORE, Buffer.alloc(6)],
    ],
  ],
  ["longer than it said in its first frame", [[MORE, beginning(10, Buffer.alloc(11))]]],
  [
    "shorter than it said",
    [
      [MORE, beginning(10, Buffer.alloc(5))],
      [0, Buffer.alloc(4)],
    ],
  ],
  [
    "over before it said how long it is",
    [
      [MORE, Buffer.alloc(3)],
      [0, Buffer.alloc(0)],
    ],
  ],
] as const) {
  test(`a message that is ${what} closes the connection`, () => {
    const wire = new Recorder();
    const { errors, messages } = connect(wire);
    for (const [flags, payload] of payloads) wire.receiver?.data(bytesOf(Type.CALL, flags, 1, payload));
    assert.ok(ProtocolError.is(errors[0]));
    assert.equal(errors.length, 1);
    assert.equal(wire.destroyed, true);
    assert.deepEqual(messages, []);
  });
}

test("a long message that is only announced takes no memory for what has not arrived", () => {
  const message = new PartialMessage(1, null, 200_000_000);
  const size = 100_000_000;
  let taken = message.add(beginning(size, Buffer.alloc(60_000)), 0, 60_000 + SIZE);
  assert.ok(taken < 8_000_000, `${taken}`);
  for (let sent = 60_000; sent < 20_000_000; sent += 60_000) taken += message.add(Buffer.alloc(60_000), 0, 60_000);
  assert.equal(taken, message.allocated);
  assert.ok(taken < 50_000_000, `${taken}`);
});

test("many unfinished messages together are bounded too", () => {
  const wire = new Recorder();
  const { errors } = connect(wire);
  for (let id = 1; id <= 8; id++) wire.receiver?.data(bytesOf(Type.CALL, MORE, id, beginning(60_000, Buffer.alloc(9))));
  assert.ok(ProtocolError.is(errors[0]));
});
