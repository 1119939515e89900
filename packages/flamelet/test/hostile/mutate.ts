import { HEADER, MAX_PAYLOAD } from "../../src/wire/frames.ts";
import type { Random } from "./random.ts";

/** Numbers at which code that reads numbers goes wrong. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, MAX_PAYLOAD, MAX_PAYLOAD + 1, 0x7fffffff, 0xffffffff];
/** Words at which code that reads values goes wrong. */
const WORDS = [
  '"__proto__"',
  '"constructor"',
  '"then"',
  '"prototype"',
  "[[[[[[",
  '{"a":',
  '["Map",',
  "-1",
  "1e999",
  "\0",
];

/** Frames of a transcript, each with its header. What is no whole frame at the end is left out. */
export function frames(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + HEADER <= bytes.length;) {
    const end = at + HEADER + bytes.readUInt32BE(at + 8);
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return found;
}

/** Sets the length of a frame right again, so that what was done to its payload is looked at. */
function relabelled(frame: Buffer): Buffer {
  frame.writeUInt32BE(frame.length - HEADER, 8);
  return frame;
}

type Mutation = (random: Random, transcript: Buffer, other: Buffer) => Buffer;

/** One frame is changed, and the others stay as they are. */
function inFrame(change: (random: Random, frame: Buffer) => Buffer): Mutation {
  return (random, transcript) => {
    const all = frames(transcript);
    const at = random.below(all.length);
    all[at] = change(random, Buffer.from(all[at] as Buffer));
    return Buffer.concat(all);
  };
}

const mutations: readonly Mutation[] = [
  // Bytes, wherever they are.
  (random, transcript) => {
    const bytes = Buffer.from(transcript);
    for (let n = 1 + random.below(8); n > 0; n--) bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  },
  (random, transcript) => transcript.subarray(0, random.below(transcript.length)),
  (random, transcript) => {
    const at = random.below(transcript.length);
    return Buffer.concat([transcript.subarray(0, at), transcript.subarray(at + 1 + random.below(40))]);
  },
  (random, transcript) => {
    const at = random.below(transcript.length);
    return Buffer.concat([transcript.subarray(0, at), random.bytes(1 + random.below(40)), transcript.subarray(at)]);
  },
  (random, transcript, other) =>
    Buffer.concat([
      transcript.subarray(0, random.below(transcript.length)),
      other.subarray(random.below(other.length)),
    ]),
  // Whole frames: left out, twice, in another order, from the other side.
  (random, transcript, other) => {
    const all = frames(transcript);
    for (let n = 1 + random.below(4); n > 0; n--) {
      const at = random.below(all.length);
      const frame = random.pick(random.below(3) === 0 ? frames(other) : all);
      if (random.below(2) === 0) all.splice(at, 1);
      else all.splice(at, 0, frame);
      if (all.length === 0) return Buffer.alloc(0);
    }
    return Buffer.concat(all);
  },
  // Headers: another type, other flags, another id, another length.
  inFrame((random, frame) => {
    frame[0] = random.below(22);
    return frame;
  }),
  inFrame((random, frame) => {
    frame[1] = random.below(64);
    return frame;
  }),
  inFrame((random, frame) => {
    frame.writeUIntBE(random.below(2) === 0 ? random.below(60) : random.pick(EDGES), 2, 6);
    return frame;
  }),
  inFrame((random, frame) => {
    frame.writeUInt32BE(random.pick(EDGES), 8);
    return frame;
  }),
  // Payloads: numbers at the edge, words that mean something, bytes in and out.
  inFrame((random, frame) => {
    if (frame.length < HEADER + 4) return frame;
    frame.writeUInt32BE(random.pick(EDGES), HEADER + random.below(frame.length - HEADER - 3));
    return frame;
  }),
  inFrame((random, frame) => {
    const at = HEADER + random.below(frame.length - HEADER + 1);
    const word = Buffer.from(random.pick(WORDS));
    // In place, so that the lengths inside are right, or inserted, so that they are not.
    if (random.below(2) === 0 && at + word.length <= frame.length) {
      word.copy(frame, at);
      return frame;
    }
    return relabelled(Buffer.concat([frame.subarray(0, at), word, frame.subarray(at)]));
  }),
  inFrame((random, frame) => relabelled(frame.subarray(0, HEADER + random.below(frame.length - HEADER + 1)))),
  // Digits of the text become other digits: indices and ids that point elsewhere.
  inFrame((random, frame) => {
    const digits = [...frame.keys()].filter((at) => at >= HEADER && frame[at]! >= 48 && frame[at]! <= 57);
    if (digits.length === 0) return frame;
    for (let n = 1 + random.below(4); n > 0; n--) frame[random.pick(digits)] = 48 + random.below(10);
    return frame;
  }),
];

/** A damaged copy of a transcript; `other` is what the other side said. */
export function mutate(random: Random, transcript: Buffer, other: Buffer): Buffer {
  let bytes = transcript;
  for (let n = 1 + random.below(3); n > 0 && bytes.length > HEADER; n--)
    bytes = random.pick(mutations)(random, bytes, other);
  return bytes;
}
