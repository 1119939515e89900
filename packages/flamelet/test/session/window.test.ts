/** How windows follow what a network can hold, on a link of which only bandwidth and round trip matter. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST_WINDOW, Window } from "../../src/session/window.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

interface Link {
  /** In bytes per ms. */
  readonly bandwidth: number;
  /** In ms. */
  readonly roundTrip: number;
  /** Whether the reader is slower than all that. */
  readonly slowReader?: boolean;
}

/** Reads that much over a link; a window's worth takes a round trip, or what the bandwidth allows. */
async function read(bytes: number, link: Link, window: Window, clock: FakeClock): Promise<void> {
  for (let left = bytes; left > 0;) {
    const part = window.size / 4;
    await clock.advance(Math.max(link.roundTrip / 4, part / link.bandwidth));
    window.read(part, link.slowReader !== true);
    left -= part;
  }
}

const GB = 2 ** 30;
const MB = 2 ** 20;

async function sizeAfter(bytes: number, link: Link): Promise<number> {
  const clock = new FakeClock();
  const window = new Window(clock);
  await read(bytes, link, window, clock);
  return window.size;
}

test("it grows until the network is full, and no further", async () => {
  // 100 MB/s and 50 ms are 5 MB.
  const size = await sizeAfter(GB, { bandwidth: 100_000, roundTrip: 50 });
  assert.ok(size >= 4 * MB && size <= 8 * MB, `${size}`);
});

test("it stays small where that is enough", async () => {
  assert.equal(await sizeAfter(GB, { bandwidth: 1_000_000, roundTrip: 0.1 }), FIRST_WINDOW);
});

test("it stays small for a reader that is slower than the network", async () => {
  assert.equal(await sizeAfter(GB, { bandwidth: 100_000, roundTrip: 50, slowReader: true }), FIRST_WINDOW);
});

test("it has an end", async () => {
  assert.equal(await sizeAfter(8 * GB, { bandwidth: 10_000_000, roundTrip: 1_000 }), 16 * MB);
});

test("when the network becomes a long one, it grows later", async () => {
  const clock = new FakeClock();
  const window = new Window(clock);
  await read(GB, { bandwidth: 1_000_000, roundTrip: 0.1 }, window, clock);
  await read(2 * GB, { bandwidth: 100_000, roundTrip: 50 }, window, clock);
  assert.ok(window.size >= 4 * MB, `${window.size}`);
});
