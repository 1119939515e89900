import { open } from "../contenders/open.ts";
import type { Rpc } from "../contenders/rpc.ts";
import type { Case, Goal, Metrics, Size } from "../harness/case.ts";
import { FLAME, flameContender } from "../harness/flame-contender.ts";
import { rpcContender, rpcContenders } from "../harness/rpc-contender.ts";
import { throughput } from "../harness/throughput.ts";

const TCP_BATCH = "tcp-batch echo";
const MIB = 1024 * 1024;
const { piscina, comlink, capnweb, grpc } = open;

export const largeValues: Case = {
  title: "1 MiB there and back",
  about: "Calls with 1 MiB of bytes as argument and as result, 8 in flight. MB/s of one direction.",
  cores: "all",
  metrics: { "MB/s": { unit: "MB/s", better: "higher" } },
  yardstick: TCP_BATCH,
  contenders: {
    [TCP_BATCH]: framed(Infinity),
    "tcp echo, frames not copied": framed(64 * 1024),
    "thin RPC, TCP": rpcContender("limit", open.thinTcp, echoes),
    "flamelet, TCP": rpcContender("flamelet", open.flameletTcp, echoes),
    "flamelet, Unix socket": rpcContender("flamelet", open.flameletUnix, echoes),
    ...rpcContenders("peer", { piscina: () => piscina(), comlink: () => comlink(), capnweb, "grpc-js": grpc }, echoes),
    [FLAME]: flameContender(async (flame, size) => {
      const [calls = NaN] = await flame.ask("echo", MIB, msOf(size));
      return { "MB/s": (calls * MIB) / 1e6 };
    }),
  },
  goals: [
    goal("flamelet, TCP", TCP_BATCH, 0.8, 1.45),
    goal("flamelet, Unix socket", TCP_BATCH, 0.8, 1.45),
    goal("flamelet, TCP", FLAME, 0.55, 1),
  ],
};

function framed(packBelow: number): Case["contenders"][string] {
  return {
    role: "limit",
    measure: async (size) => {
      using echo = await (await import("../contenders/own/echo.ts")).openEcho("tcp", { packBelow });
      const bytes = Buffer.alloc(MIB, 1);
      return await rate(() => echo.send(bytes), size);
    },
  };
}

function echoes(rpc: Rpc, size: Size): Promise<Metrics> {
  const bytes = Buffer.alloc(MIB, 1);
  return rate(() => rpc.echo(bytes), size);
}

async function rate(call: () => Promise<unknown>, size: Size): Promise<Metrics> {
  return { "MB/s": ((await throughput(call, 8, msOf(size))) * MIB) / 1e6 };
}

function goal(of: string, contender: string, solid: number, best: number): Goal {
  return { metric: "MB/s", of, over: { contender, by: "ratio" }, solid, goal: best };
}

function msOf(size: Size): number {
  return size.pick(600, 100);
}
