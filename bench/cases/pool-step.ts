import type { Case, Contender, Goal, Metrics, Size } from "../harness/case.ts";
import { median } from "../harness/latency.ts";

const FEW = "10 runners";
const MANY = "1000 runners";
const SLOTS = 100;
const BATCH = 400;

export const poolStep: Case = {
  title: "The pool's step",
  about:
    "From the arrival of a call to the pool's decision, without any I/O: one that finds a free slot, the end of its work, and " +
    "one that must wait since all slots are taken.",
  cores: "one",
  metrics: {
    arrival: { unit: "µs", better: "lower" },
    end: { unit: "µs", better: "lower" },
    "arrival, no slot free": { unit: "µs", better: "lower" },
  },
  yardstick: FEW,
  contenders: { [FEW]: steps(10), "100 runners": steps(100), [MANY]: steps(1_000) },
  goals: ["arrival", "end", "arrival, no slot free"].flatMap((metric): Goal[] => [
    { metric, of: MANY, solid: 10, goal: 5 },
    // The logarithm of a thousand is three times that of ten.
    { metric, of: MANY, over: { contender: FEW, by: "ratio" }, solid: 3, goal: 3 },
  ]),
};

function steps(runners: number): Contender {
  return {
    role: "flamelet",
    measure: async (size: Size): Promise<Metrics> => {
      const { systemClock } = await import("../../packages/flamelet/src/clock.ts");
      const { resolvePoolOptions } = await import("../../packages/flamelet/src/options.ts");
      const { PoolCore } = await import("../../packages/flamelet/src/pool/pool.ts");
      const options = resolvePoolOptions("bench", {
        min: runners,
        max: runners,
        maxConcurrency: SLOTS,
        maxQueue: Infinity,
      });
      let last = 0;
      const pool = new PoolCore("bench", options, {
        clock: systemClock,
        random: Math.random,
        start: (listener) => {
          queueMicrotask(() => listener.ready());
          return { id: `runner-${(last += 1)}`, drain() {}, kill() {} };
        },
      });
      await pool.ready();
      type Lease = Exclude<ReturnType<typeof pool.acquire>, Promise<unknown>>;
      const take = (count: number): Lease[] => Array.from({ length: count }, () => pool.acquire() as Lease);
      // Half of the slots are busy all the while.
      const held = take((runners * SLOTS) / 2);
      const arrivals: number[] = [];
      const ends: number[] = [];
      const each = (started: number): number => ((performance.now() - started) * 1000) / BATCH;
      for (let i = 0; i < size.pick(150, 5); i++) {
        let started = performance.now();
        const leases = take(BATCH);
        arrivals.push(each(started));
        started = performance.now();
        for (const lease of leases) lease.release();
        ends.push(each(started));
      }
      held.push(...take((runners * SLOTS) / 2));
      const waits: number[] = [];
      for (let i = 0; i < size.pick(50, 5); i++) {
        const leaving = new AbortController();
        const started = performance.now();
        const waiting = Array.from({ length: BATCH }, () => pool.acquire({ signal: leaving.signal }));
        waits.push(each(started));
        leaving.abort();
        await Promise.allSettled(waiting);
      }
      // The first ones run before anything is compiled.
      return { arrival: median(arrivals), end: median(ends), "arrival, no slot free": median(waits) };
    },
  };
}
