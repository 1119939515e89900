import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import { PngSplitter } from "../src/media/png-splitter.ts";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** An image whose data contains a signature and the letters of the last chunk, which a search would fall for. */
function trickyPng(i: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(1, 0);
  header.writeUInt32BE(1, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const trap = Buffer.concat([Buffer.from(`#${i} IEND `), SIGNATURE, Buffer.alloc(i * 7, 0x2a)]);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("tEXt", trap),
    chunk("IDAT", deflateSync(Buffer.from([0, i]))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A small generator of numbers below 1, the same for the same seed. */
function random(seed: number): () => number {
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
}

const images = Array.from({ length: 12 }, (_, i) => trickyPng(i));
const stream = Buffer.concat(images);

test("images come out whole wherever the stream is cut", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed);
    const longest = 1 + Math.floor(next() * 400);
    const splitter = new PngSplitter();
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length;) {
      const end = at + 1 + Math.floor(next() * longest);
      found.push(...splitter.push(stream.subarray(at, end)));
      at = end;
    }
    assert.deepEqual(found, images, `seed ${seed}`);
    assert.equal(splitter.incomplete, false);
  }
});

test("images come out byte by byte, and all from one piece", () => {
  const bytes = new PngSplitter();
  assert.deepEqual(
    [...stream].flatMap((byte) => bytes.push(Uint8Array.of(byte))),
    images,
  );
  assert.deepEqual(new PngSplitter().push(stream), images);
});

test("an image is given as soon as its last byte is there", () => {
  const splitter = new PngSplitter();
  const image = images[3]!;
  assert.deepEqual(splitter.push(image.subarray(0, -1)), []);
  assert.equal(splitter.incomplete, true);
  assert.deepEqual(splitter.push(image.subarray(-1)), [image]);
});

test("images do not share memory with what was pushed", () => {
  const splitter = new PngSplitter();
  const buffer = Buffer.from(images[1]!);
  const [found] = splitter.push(buffer);
  buffer.fill(0);
  assert.deepEqual(found, images[1]);
});

test("anything that is not a PNG is refused", () => {
  assert.throws(() => new PngSplitter().push(Buffer.from("this is no picture")), /signature of a PNG/);
  const endless = Buffer.concat([SIGNATURE, Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.from("IDAT")]);
  assert.throws(() => new PngSplitter().push(endless), /too long/);
});
