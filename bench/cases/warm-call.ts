import { open } from "../contenders/open.ts";
import type { Rpc } from "../contenders/rpc.ts";
import type { Case, Contender, Role } from "../harness/case.ts";
import { latency } from "../harness/latency.ts";

const TCP_BATCH = "tcp-batch echo";

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
    "thin RPC, TCP": calls("limit", open.thinTcp),
    "thin RPC, Unix socket": calls("limit", open.thinUnix),
    "flamelet, TCP": calls("flamelet", open.flameletTcp),
    "flamelet, Unix socket": calls("flamelet", open.flameletUnix),
    piscina: calls("peer", open.piscina),
    comlink: calls("peer", open.comlink),
    capnweb: calls("peer", open.capnweb),
  },
  goals: [
    goal("p50", "flamelet, TCP", 2.0, 1.5),
    goal("p50", "flamelet, Unix socket", 1.5, 1.1),
    goal("p99", "flamelet, TCP", 3, 2),
    goal("p99", "flamelet, Unix socket", 3, 2),
  ],
};

function calls(role: Role, opened: () => Promise<Rpc>): Contender {
  return {
    role,
    measure: async (size) => {
      await using rpc = await opened();
      return await latency(() => rpc.noop(), size);
    },
  };
}

function goal(metric: string, of: string, solid: number, best: number): Case["goals"][number] {
  return { metric, of, over: { contender: TCP_BATCH, by: "ratio" }, solid, goal: best };
}
