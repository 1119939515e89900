/**
 * Keeps a pool busy for a long time in ways that come and go (calls, streams, placed children, callbacks, cancelled and
 * timed-out work, runners that retire and boot again), and looks whether this process stays the size it is.
 */
import { parseArgs } from "node:util";
import { flame } from "flamelet";
import * as fns from "./functions.ts";

const HELP = `npm run soak -- [--minutes N]

Churns calls, streams, placed children and runners for N minutes (default 60) and samples the parent's memory and open
resources. Ends with 1 if, from the first half to the second, what the heap holds, what belongs to it outside, or all
memory grew by more than a tenth, or resources grew at all.
`;

/** What a garbage collector may be late with, in bytes. */
const NOISE = 5_000_000;
/** The time is told in so many parts. */
const PARTS = 10;

/** What is measured, in bytes where nothing else is said, while nothing runs, no runner exists and garbage was collected. */
interface Sample {
  /** What JavaScript's heap holds. */
  readonly heap: number;
  /** Buffers, and what else belongs to objects of the heap but lies outside. */
  readonly external: number;
  /**
   * All memory of the process. V8 is told to keep its young generation small (see the script `soak`): otherwise it keeps
   * what it once needed for its garbage, which follows the load and says nothing of what is in use.
   */
  readonly rss: number;
  /** How many handles and timers are open. */
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
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo().length;
  return { heap: heapUsed, external, rss, resources };
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
  console.log(
    `${calls} pieces of work in ${waves} waves, ${samples.length} samples; medians of each part of the time, MB:`,
  );
  console.table(
    Array.from({ length: PARTS }, (_, part) => {
      const { heap, external, rss, resources } = medians(slice(steady, part / PARTS, (part + 1) / PARTS));
      return { heap: mb(heap), external: mb(external), RSS: mb(rss), "open resources": resources };
    }),
  );
  const [earlier, later] = [medians(slice(steady, 0, 1 / 2)), medians(slice(steady, 1 / 2, 1))];
  const grown = (["heap", "external", "rss"] as const).filter((of) => later[of] > earlier[of] * 1.1 + NOISE);
  if (grown.length > 0) console.log(`from the first half to the second, this grew: ${grown.join(", ")}`);
  if (later.resources > earlier.resources) console.log("handles or timers were left open");
  return grown.length === 0 && later.resources <= earlier.resources;
}

/** The samples from one fraction of the time to another, at least one of them. */
function slice(samples: readonly Sample[], from: number, to: number): readonly Sample[] {
  const start = Math.min(Math.floor(samples.length * from), samples.length - 1);
  return samples.slice(start, Math.max(start + 1, Math.floor(samples.length * to)));
}

function medians(samples: readonly Sample[]): Sample {
  const of = (key: keyof Sample): number => median(samples.map((sample) => sample[key]));
  return { heap: of("heap"), external: of("external"), rss: of("rss"), resources: of("resources") };
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
