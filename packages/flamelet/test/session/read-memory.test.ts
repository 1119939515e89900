import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadMemory } from "../../src/session/read-memory.ts";

const KB = 1024;
/** In KB. */
const SIZES = [4.25, 17, 68, 272];

/** As a socket does: reads so many bytes, as often as told, and then asks where to read next. Gives how large that is, in KB. */
function read(memory: ReadMemory, length: number, times = 1): number {
  for (; times > 0; times--) {
    memory.buffer().fill(times, 0, length);
    memory.callback(length);
  }
  return memory.buffer().length / KB;
}

test("it becomes larger when a read fills it, up to its limit, and what was read is whole", () => {
  const memory = new ReadMemory();
  const seen: Buffer[] = [];
  memory.receive = (bytes) => void seen.push(Buffer.from(bytes));
  const sizes = SIZES.map((size) => read(memory, size * KB));
  assert.deepEqual(sizes, [17, 68, 272, 272]);
  assert.equal(read(memory, 5), 272);
  assert.deepEqual(
    seen.map((bytes) => [bytes.length, bytes.every((byte) => byte === 1)]),
    [...SIZES.map((size) => [size * KB, true]), [5, true]],
  );
});

test("it becomes smaller again when little is read for long, and not before", () => {
  const memory = new ReadMemory();
  for (const size of SIZES.slice(0, 3)) read(memory, size * KB);
  assert.equal(read(memory, 100, 63), 272);
  assert.equal(read(memory, 68 * KB), 272);
  assert.equal(read(memory, 100, 63), 272);
  assert.equal(read(memory, 100), 68);
  assert.equal(read(memory, 100, 64), 17);
  assert.equal(read(memory, 100, 64), 4.25);
  assert.equal(read(memory, 100, 1000), 4.25);
});
