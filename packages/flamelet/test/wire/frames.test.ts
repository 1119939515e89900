import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../src/errors.ts";
import { FrameDecoder, HEADER, MAX_ID, MAX_PAYLOAD, MINE, MORE, Type, writeHeader } from "../../src/wire/frames.ts";

interface Seen {
  type: number;
  flags: number;
  id: number;
  bytes: number[];
}

/** Frames as they come out of the decoder, whatever the pieces. */
function decoder(): { push: (bytes: Uint8Array) => void; frames: Seen[] } {
  const frames: Seen[] = [];
  let open: Seen | null = null;
  const inner = new FrameDecoder({
    payload(type, flags, id, _length, bytes, from, to, last) {
      open ??= { type, flags, id, bytes: [] };
      open.bytes.push(...bytes.subarray(from, to));
      if (!last) return;
      frames.push(open);
      open = null;
    },
  });
  return { push: (bytes) => inner.push(Buffer.from(bytes)), frames };
}

function frame(type: Type, flags: number, id: number, payload: Uint8Array, length: number = payload.length): Buffer {
  const header = Buffer.alloc(HEADER);
  writeHeader(header, 0, type, flags, id, length);
  return Buffer.concat([header, payload]);
}

test("frames come out as they went in, however the bytes are cut", () => {
  const one = fc.record({
    type: fc.constantFrom(...Object.values(Type)),
    flags: fc.constantFrom(0, MINE),
    id: fc.integer({ min: 0, max: MAX_ID }),
    payload: fc.uint8Array({ maxLength: 200 }),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 50 })), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(({ type, flags, id, payload }) => frame(type, flags, id, payload)));
      const { push, frames } = decoder();
      let at = 0;
      for (const cut of cuts) {
        push(bytes.subarray(at, at + cut));
        at = Math.min(bytes.length, at + cut);
      }
      push(bytes.subarray(at));
      assert.deepEqual(
        frames,
        sent.map(({ type, flags, id, payload }) => ({ type, flags, id, bytes: [...payload] })),
      );
    }),
  );
});

for (const [what, bytes] of [
  ["an unknown type", frame(99 as Type, 0, 1, Buffer.alloc(0))],
  ["type 0", frame(0 as Type, 0, 1, Buffer.alloc(0))],
  ["unknown flags", frame(Type.PING, 128, 1, Buffer.alloc(0))],
  ["a length above the limit", frame(Type.CALL, 0, 1, Buffer.alloc(0), MAX_PAYLOAD + 1)],
  ["the greatest length there is", frame(Type.CALL, 0, 1, Buffer.alloc(0), 2 ** 32 - 1)],
  ["an id above the limit", frame(Type.CALL, 0, 2 ** 48 - 1, Buffer.alloc(0))],
  ["an empty frame that says that more follows", frame(Type.CHUNK, MORE, 1, Buffer.alloc(0))],
] as const) {
  test(`${what} is refused by its header alone`, () => {
    const { push, frames } = decoder();
    assert.throws(() => push(bytes.subarray(0, HEADER)), ProtocolError.is.bind(ProtocolError));
    assert.equal(frames.length, 0);
  });
}

test("garbage never makes the decoder do anything but refuse or wait", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
      const { push } = decoder();
      try {
        push(bytes);
      } catch (error) {
        assert.ok(ProtocolError.is(error));
      }
    }),
    { numRuns: 2_000 },
  );
});
