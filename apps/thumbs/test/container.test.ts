import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectHead, MAX_HEAD } from "../src/media/container.ts";

function box(type: string, body: Buffer | number = 0): Buffer {
  const content = typeof body === "number" ? Buffer.alloc(body) : body;
  const out = Buffer.alloc(8 + content.length);
  out.writeUInt32BE(out.length, 0);
  out.write(type, 4, "latin1");
  content.copy(out, 8);
  return out;
}

const ftyp = box("ftyp", Buffer.from("isom\0\0\0\0isom"));

test("an index in front of the data can be piped", () => {
  const file = Buffer.concat([ftyp, box("free", 30), box("moov", 100), box("mdat", 100)]);
  assert.deepEqual(inspectHead(file, true), { kind: "pipe", demuxer: "mov" });
});

test("an index behind the data needs a file", () => {
  assert.deepEqual(inspectHead(Buffer.concat([ftyp, box("mdat", 100), box("moov", 100)]), true), {
    kind: "spool",
    demuxer: "mov",
  });
});

test("a 64-bit size is understood", () => {
  const large = Buffer.alloc(16 + 40);
  large.writeUInt32BE(1, 0);
  large.write("wide", 4, "latin1");
  large.writeBigUInt64BE(BigInt(large.length), 8);
  assert.deepEqual(inspectHead(Buffer.concat([ftyp, large, box("moov", 8)]), true), { kind: "pipe", demuxer: "mov" });
});

test("a movie from before the ftyp box is a movie", () => {
  assert.deepEqual(inspectHead(Buffer.concat([box("wide"), box("mdat", 50)]), false), {
    kind: "spool",
    demuxer: "mov",
  });
  assert.deepEqual(inspectHead(box("moov", 50), false), { kind: "pipe", demuxer: "mov" });
});

test("the verdict is the same wherever the bytes are cut, and only waits before it is sure", () => {
  const file = Buffer.concat([ftyp, box("free", 300), box("moov", 40), box("mdat", 40)]);
  const final = inspectHead(file, true);
  for (let cut = 0; cut < file.length; cut++) {
    const verdict = inspectHead(file.subarray(0, cut), false);
    if (verdict.kind !== "more") assert.deepEqual(verdict, final, `cut at ${cut}`);
  }
});

test("a box that is too long to wait for means a file", () => {
  const head = Buffer.concat([ftyp, box("free", 10)]);
  head.writeUInt32BE(MAX_HEAD * 2, ftyp.length);
  assert.deepEqual(inspectHead(head, false), { kind: "spool", demuxer: "mov" });
});

test("boxes without a sound size end the search", () => {
  const broken = Buffer.concat([ftyp, box("free", 10)]);
  broken.writeUInt32BE(3, ftyp.length);
  assert.deepEqual(inspectHead(broken, true), { kind: "spool", demuxer: "mov" });
});

test("webm and mkv can be piped", () => {
  const file = Buffer.concat([Buffer.from([0x1a, 0x45, 0xdf, 0xa3]), Buffer.alloc(40)]);
  assert.deepEqual(inspectHead(file, false), { kind: "pipe", demuxer: "matroska" });
});

test("what is no video is told by what it is", () => {
  const pad = Buffer.alloc(20, 1);
  const cases: [Buffer, RegExp][] = [
    [Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), /a PNG picture/],
    [Buffer.from([0xff, 0xd8, 0xff, 0xe0]), /a JPEG picture/],
    [Buffer.from("%PDF-1.7"), /a PDF document/],
    [Buffer.from("RIFF\0\0\0\0AVI "), /an AVI video/],
    [Buffer.from("RIFF\0\0\0\0WAVE"), /a WAV sound file/],
    [Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]), /a kind that we do not know/],
  ];
  for (const [start, expected] of cases) {
    const verdict = inspectHead(Buffer.concat([start, pad]), true);
    assert.equal(verdict.kind, "reject");
    assert.match(verdict.kind === "reject" ? verdict.reason : "", expected);
  }
  assert.match(reason(Buffer.from("Dear diary, today nothing happened.")), /a text file/);
  assert.match(reason(Buffer.alloc(0)), /empty/);
  assert.match(reason(box("ftyp", Buffer.from("heic\0\0\0\0mif1"))), /HEIC/);
  assert.match(reason(Buffer.from("hi")), /a text file/);
});

function reason(bytes: Buffer): string {
  const verdict = inspectHead(bytes, true);
  return verdict.kind === "reject" ? verdict.reason : `(${verdict.kind})`;
}
