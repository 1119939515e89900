import { open, peers } from "../contenders/open.ts";
import type { Flame } from "../contenders/peers/flame.ts";
import type { Rpc } from "../contenders/rpc.ts";
import type { Case, Goal, Metrics, Size } from "../harness/case.ts";
import { FLAME, flameContender } from "../harness/flame-contender.ts";
import { rpcContender, rpcContenders } from "../harness/rpc-contender.ts";
import { throughput, throughputAndCpu, warmUp } from "../harness/throughput.ts";

const THIN = "thin RPC, TCP";
const TCP = "flamelet, TCP";
const CPU = "CPU each, at 256";
/** The most time that is given to warm-up, in ms. */
const WARM_UP = 2_000;
const rate = { unit: "/s", better: "higher" } as const;

export const throughputCase: Case = {
  title: "Calls per second",
  about:
    "256, 64, 8 and 1 calls in flight on one runner, which do nothing; and the CPU time that one of them takes in all processes together.",
  cores: "all",
  metrics: {
    ...Object.fromEntries([256, 64, 8, 1].map((inFlight) => [named(inFlight), rate])),
    [CPU]: { unit: "µs", better: "lower" },
  },
  yardstick: THIN,
  contenders: {
    "tcp-batch echo": {
      role: "limit",
      measure: async (size) => {
        using echo = await (await import("../contenders/own/echo.ts")).openEcho("tcp");
        const frame = Buffer.alloc(16);
        return await rates(() => echo.send(frame), size);
      },
    },
    [THIN]: rpcContender("limit", open.thinTcp, noops),
    "thin RPC, Unix socket": rpcContender("limit", open.thinUnix, noops),
    [TCP]: rpcContender("flamelet", open.flameletTcp, noops),
    "flamelet, Unix socket": rpcContender("flamelet", open.flameletUnix, noops),
    ...rpcContenders(
      "peer",
      { ...peers, "piscina (64 per worker)": () => open.piscina(64), "bullmq (redis)": open.bullmq },
      noops,
    ),
    [FLAME]: flameContender(flameRates),
  },
  goals: [
    goal(256, THIN, 0.3, 0.6),
    goal(64, THIN, 0.4, 0.7),
    goal(256, FLAME, 7, 14),
    goal(64, FLAME, 5, 10),
    goal(256, "piscina", 5, 10),
    goal(256, "capnweb", 3.5, 7),
  ],
};

function noops(rpc: Rpc, size: Size): Promise<Metrics> {
  return rates(() => rpc.noop(), size);
}

async function rates(call: () => Promise<unknown>, size: Size): Promise<Metrics> {
  const metrics: Record<string, number> = {};
  await warmUp(call, size.pick(50_000, 100), WARM_UP);
  for (const inFlight of [1, 8, 64]) metrics[named(inFlight)] = await throughput(call, inFlight, msOf(size));
  const { rate, cpu } = await throughputAndCpu(call, 256, msOf(size));
  metrics[named(256)] = rate;
  if (cpu !== undefined) metrics[CPU] = cpu;
  return metrics;
}

async function flameRates(flame: Flame, size: Size): Promise<Metrics> {
  const metrics: Record<string, number> = {};
  await flame.ask("throughput", 64, size.pick(WARM_UP, 40));
  for (const inFlight of [1, 8, 64, 256]) {
    const [rate = NaN, cpu = NaN] = await flame.ask("throughput", inFlight, msOf(size));
    metrics[named(inFlight)] = rate;
    // The last one stays.
    metrics[CPU] = cpu;
  }
  return metrics;
}

/** For how long each rate is measured. */
function msOf(size: Size): number {
  return size.pick(250, 40);
}

function named(inFlight: number): string {
  return `${inFlight} in flight`;
}

function goal(inFlight: number, contender: string, solid: number, best: number): Goal {
  return { metric: named(inFlight), of: TCP, over: { contender, by: "ratio" }, solid, goal: best };
}
