/**
 * Keeps a pool busy for a long time in ways that come and go (calls, streams, placed children, callbacks, cancelled and
 * timed-out work, runners that retire and boot again), and looks whether this process stays the size it is.
 */
import { parseArgs } from "node:util";
import { flame } from "flamelet";
import * as fns from "./functions.ts";

const HELP = `npm run soak -- [--minutes N]

Churns calls, streams, placed children and runners for N minutes (default 60) and samples the parent's memory and open
resources. Ends with 1 if, from the first half to the second, memory grew by more than a tenth or resources grew at all.
`;

/** What a garbage collector may be late with, in bytes. */
const NOISE = 5_000_000;

interface Sample {
  /** Bytes of the heap after a collection. */
  readonly heap: number;
  readonly rss: number;
  /** Open handles and timers, while nothing runs and no runner exists. */
  readonly resources: number;
}

const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** One wave of everything; all of it settles, one way or the other. */
async function wave(pool: ReturnType<typeof flame.pool>, number: number): Promise<number> {
  const id = (i: number): string => `${number}-${i}`;
  const streamed = async (i: number): Promise<void> => {
    let read = 0;
    for await (const _ of flame.stream(pool, fns.stream, id(i))) if ((read += 1) === 25 && i % 2 === 0) break;
  };
  const placed = async (i: number): Promise<void> => {
    await using child = await flame.place(pool, fns.place, id(i));
    await child.add(1);
  };
  const many = Array.from({ length: 20 }, (_, i) => i);
  const settled = await Promise.allSettled([
    ...many.map((i) => flame.call(pool, fns.quick, id(i))),
    ...many.map((i) => flame.call(pool, fns.chatty, id(i), (n: number) => n)),
    ...many.slice(0, 6).map((i) => flame.call(pool, fns.bulky, id(i), new Uint8Array(200_000))),
    ...many.slice(0, 4).map(streamed),
    ...many.slice(0, 4).map(placed),
    ...many.slice(0, 4).map((i) => flame.call(pool.with({ timeout: 30 }), fns.slow, id(i), 60)),
    ...many.slice(0, 4).map((i) => flame.call(pool.with({ signal: AbortSignal.timeout(20) }), fns.slow, id(i), 60)),
    ...(number % 5 === 0 ? [flame.call(pool, fns.exit, id(0))] : []),
  ]);
  return settled.length;
}

/** Waits for the pool to shrink to nothing, collects garbage, and measures. */
async function sample(pool: ReturnType<typeof flame.pool>): Promise<Sample> {
  while (pool.stats().runners > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 100));
  globalThis.gc?.();
  return {
    heap: process.memoryUsage().heapUsed,
    rss: process.memoryUsage.rss(),
    resources: process.getActiveResourcesInfo().length,
  };
}

async function soak(minutes: number): Promise<boolean> {
  const pool = flame.pool("soak", {
    max: 2,
    maxConcurrency: 20,
    idleShutdownAfter: 200,
    backend: flame.backend.process({ entry: new URL("./functions.ts", import.meta.url) }),
  });
  const end = performance.now() + minutes * 60_000;
  const samples: Sample[] = [];
  let waves = 0;
  let calls = 0;
  while (performance.now() < end || samples.length < 4) {
    for (let i = 0; i < 10; i++) calls += await wave(pool, (waves += 1));
    samples.push(await sample(pool));
  }
  await pool.close();
  // The first sample is of a process that still loads and compiles.
  const steady = samples.slice(1);
  const half = Math.ceil(steady.length / 2);
  const [before, after] = [steady.slice(0, half), steady.slice(half)];
  const figure = (of: (one: Sample) => number): [number, number] => [median(before.map(of)), median(after.map(of))];
  const heap = figure((one) => one.heap);
  const rss = figure((one) => one.rss);
  const resources = figure((one) => one.resources);
  console.log(
    `${calls} pieces of work in ${waves} waves, ${samples.length} samples; medians of the first and the second half:`,
  );
  console.table({
    "heap, MB": heap.map(mb),
    "RSS, MB": rss.map(mb),
    "open resources": resources,
  });
  const steadyIn = ([earlier, later]: [number, number]): boolean => later <= earlier * 1.1 + NOISE;
  return steadyIn(heap) && steadyIn(rss) && resources[1] <= resources[0];
}

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "60" }, help: { type: "boolean", short: "h" } },
});
if (values.help === true) {
  console.log(HELP);
} else if (!flame.isRunner) {
  const flat = await soak(Number(values.minutes));
  console.log(flat ? "✔ it stays the size it is" : "✖ it grows");
  process.exit(flat ? 0 : 1);
}
