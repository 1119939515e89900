import type { SessionKind } from "../contenders/flamelet/pool.ts";
import type { Case, Contender, Goal, Metric, Metrics, Size } from "../harness/case.ts";
import { throughput, throughputAndCpu, warmUp } from "../harness/throughput.ts";

const PLAIN = "flamelet, TCP";
const TLS = "flamelet, TLS";
const MB = 2 ** 20;
const CHUNK = 64 * 1024;
const calls: Metric = { unit: "/s", better: "higher" };
const bytes: Metric = { unit: "MB/s", better: "higher" };

/** The yardstick is flamelet itself: what encryption costs is asked, and nothing else differs between the two. */
export const tls: Case = {
  title: "Encrypted sessions",
  about:
    "256 and 64 calls in flight on one runner, which do nothing, the CPU time of one of them in all processes together, and 512 MB in chunks of 64 KiB to the runner (up) and from it " +
    "(down): over TCP, as where the network is encrypted already, and over TLS, as everywhere else between hosts.",
  cores: "all",
  rounds: 5,
  metrics: {
    "256 in flight": calls,
    "64 in flight": calls,
    "CPU each, at 256": { unit: "µs", better: "lower" },
    "up 64 KiB": bytes,
    "down 64 KiB": bytes,
  },
  yardstick: PLAIN,
  contenders: { [PLAIN]: session("tcp"), [TLS]: session("tls") },
  goals: [
    goal("256 in flight", 0.8, 0.9),
    goal("64 in flight", 0.8, 0.9),
    goal("up 64 KiB", 0.45, 0.45),
    goal("down 64 KiB", 0.45, 0.45),
  ],
};

function session(kind: SessionKind): Contender {
  return {
    role: "flamelet",
    measure: async (size) => ({ ...(await callsOf(kind, size)), ...(await streamsOf(kind, size)) }),
  };
}

async function callsOf(kind: SessionKind, size: Size): Promise<Metrics> {
  await using rpc = await (await import("../contenders/flamelet/rpc.ts")).openFlamelet(kind);
  const call = (): Promise<unknown> => rpc.noop();
  await warmUp(call, size.pick(50_000, 100), 2_000);
  const at64 = await throughput(call, 64, size.pick(250, 40));
  const { rate: at256, cpu } = await throughputAndCpu(call, 256, size.pick(250, 40));
  return {
    "64 in flight": at64,
    "256 in flight": at256,
    ...(cpu === undefined ? {} : { "CPU each, at 256": cpu }),
  };
}

async function streamsOf(kind: SessionKind, size: Size): Promise<Metrics> {
  await using streams = await (await import("../contenders/flamelet/streams.ts")).openFlameletStreams(kind);
  const total = size.pick(512, 16) * MB;
  const rate = async (transfer: typeof streams.up): Promise<number> => {
    await transfer(total / 16, CHUNK);
    const started = performance.now();
    await transfer(total, CHUNK);
    return total / 1000 / (performance.now() - started);
  };
  return { "up 64 KiB": await rate(streams.up), "down 64 KiB": await rate(streams.down) };
}

function goal(metric: string, solid: number, best: number): Goal {
  return { metric, of: TLS, over: { contender: PLAIN, by: "ratio" }, solid, goal: best };
}
