import type { Case, Contender, Metrics, Role, Size } from "../harness/case.ts";
import { latency } from "../harness/latency.ts";
import { throughput, warmUp } from "../harness/throughput.ts";

const UNCHECKED = "flamelet inline, check: false";

export const inline: Case = {
  title: "The inline backend",
  about: "Calls that do nothing and stay in this process: 64 in flight, and one after the other.",
  cores: "one",
  metrics: { "calls/s": { unit: "/s", better: "higher" }, p50: { unit: "µs", better: "lower" } },
  yardstick: null,
  contenders: {
    "an async function": both("limit", async () => async () => {}),
    [UNCHECKED]: both("flamelet", () => inlineCalls(false)),
    "flamelet inline, check: true": both("flamelet", () => inlineCalls(true)),
  },
  goals: [
    { metric: "calls/s", of: UNCHECKED, solid: 350_000, goal: 750_000 },
    { metric: "p50", of: UNCHECKED, solid: 4, goal: 1.5 },
  ],
};

function both(role: Role, open: () => Promise<() => Promise<unknown>>): Contender {
  return {
    role,
    measure: async (size: Size): Promise<Metrics> => {
      const call = await open();
      // Timers do not fire between promises that only wait for each other.
      const yields = async (): Promise<void> => {
        for (let i = 0; i < 100; i++) await call();
        await new Promise((resolve) => setImmediate(resolve));
      };
      await warmUp(call, size.pick(50_000, 100), 2_000);
      const rate = 100 * (await throughput(yields, 64, size.pick(500, 50)));
      const { p50 = NaN } = await latency(call, size);
      return { "calls/s": rate, p50 };
    },
  };
}

async function inlineCalls(check: boolean): Promise<() => Promise<unknown>> {
  const { flame } = await import("flamelet");
  const { noop } = await import("../contenders/flamelet/app.ts");
  const pool = flame.pool("bench", { maxConcurrency: 64, backend: flame.backend.inline({ check }) });
  return () => flame.call(pool, noop);
}
