import { open, peers } from "../contenders/open.ts";
import type { Rpc } from "../contenders/rpc.ts";
import type { Case, Goal, Metrics, Size } from "../harness/case.ts";
import { FLAME, flameContender } from "../harness/flame-contender.ts";
import { latency, latencySize } from "../harness/latency.ts";
import { rpcContender, rpcContenders } from "../harness/rpc-contender.ts";

const TCP_BATCH = "tcp-batch echo";
const TCP = "flamelet, TCP";
const UNIX = "flamelet, Unix socket";

export const warmCall: Case = {
  title: "A warm call that does nothing",
  about: "Calls one after the other, on a runner that is up. Parent and runner share one core.",
  cores: "one",
  metrics: { p50: { unit: "µs", better: "lower" }, p99: { unit: "µs", better: "lower" } },
  yardstick: TCP_BATCH,
  contenders: {
    [TCP_BATCH]: {
      role: "limit",
      measure: async (size) => {
        using echo = await (await import("../contenders/own/echo.ts")).openEcho("tcp");
        const frame = Buffer.alloc(16);
        return await latency(() => echo.send(frame), size);
      },
    },
    "thin RPC, TCP": rpcContender("limit", open.thinTcp, noops),
    "thin RPC, Unix socket": rpcContender("limit", open.thinUnix, noops),
    [TCP]: rpcContender("flamelet", open.flameletTcp, noops),
    [UNIX]: rpcContender("flamelet", open.flameletUnix, noops),
    ...rpcContenders("peer", peers, noops),
    [FLAME]: flameContender(async (flame, size) => {
      const { warmUp, samples } = latencySize(size);
      const [p50 = NaN, p99 = NaN] = await flame.ask("latency", warmUp, samples);
      return { p50, p99 };
    }),
  },
  goals: [goal("p50", TCP, 2.0, 1.5), goal("p50", UNIX, 1.5, 1.1), goal("p99", TCP, 3, 2), goal("p99", UNIX, 3, 2)],
};

function noops(rpc: Rpc, size: Size): Promise<Metrics> {
  return latency(() => rpc.noop(), size);
}

function goal(metric: string, of: string, solid: number, best: number): Goal {
  return { metric, of, over: { contender: TCP_BATCH, by: "ratio" }, solid, goal: best };
}
