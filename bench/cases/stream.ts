import type { Streams } from "../contenders/streams.ts";
import type { Case, Contender, Goal, Metric, Metrics, Role, Size } from "../harness/case.ts";
import { FLAME } from "../harness/flame-contender.ts";
import { watchMemory } from "../harness/memory.ts";

const MB = 2 ** 20;
const TCP = "raw frames, TCP";
const rate: Metric = { unit: "MB/s", better: "higher" };
const memory: Metric = { unit: "MB", better: "lower" };

export const stream: Case = {
  title: "Streams of bytes",
  about:
    "512 MB in chunks of 64 KiB, 128 MB in chunks of 2 KiB, to the runner (up) and from it (down), and by how much the " +
    "resident memory of both processes grew at most after the first 32 MB. A peer that is slow streams less.",
  cores: "all",
  rounds: 3,
  metrics: {
    "up 64 KiB": rate,
    "down 64 KiB": rate,
    "up 2 KiB": rate,
    "down 2 KiB": rate,
    "parent grew": memory,
    "runner grew": memory,
  },
  yardstick: TCP,
  contenders: {
    [TCP]: streams("limit", async () => (await import("../contenders/own/raw-stream.ts")).openRawStream("tcp")),
    "raw frames, Unix socket": streams("limit", async () =>
      (await import("../contenders/own/raw-stream.ts")).openRawStream("unix"),
    ),
    "flamelet, TCP": streams("flamelet", async () =>
      (await import("../contenders/flamelet/streams.ts")).openFlameletStreams("tcp"),
    ),
    "flamelet, Unix socket": streams("flamelet", async () =>
      (await import("../contenders/flamelet/streams.ts")).openFlameletStreams("unix"),
    ),
    capnweb: streams(
      "peer",
      async () => (await import("../contenders/peers/capnweb-streams.ts")).openCapnwebStreams(),
      1 / 16,
    ),
    [FLAME]: streams(
      "peer",
      async () => (await import("../contenders/peers/flame-streams.ts")).openFlameStreams(),
      1 / 16,
    ),
  },
  goals: [
    goal("up 64 KiB", 0.75, 0.9),
    goal("down 64 KiB", 0.75, 0.9),
    goal("up 2 KiB", 0.6, 0.6),
    goal("down 2 KiB", 0.6, 0.6),
    { metric: "parent grew", of: "flamelet, TCP", solid: 64, goal: 64 },
    { metric: "runner grew", of: "flamelet, TCP", solid: 64, goal: 64 },
  ],
};

/** @param share How much of the bytes it streams. */
function streams(role: Role, open: () => Promise<Streams>, share = 1): Contender {
  return {
    role,
    measure: async (size) => {
      await using opened = await open();
      return await measure(opened, size, share);
    },
  };
}

async function measure(
  { up, down, parentPid = process.pid, runnerPid }: Streams,
  size: Size,
  share: number,
): Promise<Metrics> {
  const large = size.pick(512, 16) * share * MB;
  const small = size.pick(128, 4) * share * MB;
  const rateOf = async (transfer: Streams["up"], bytes: number, chunk: number): Promise<number> => {
    const started = performance.now();
    await transfer(bytes, chunk);
    return bytes / 1000 / (performance.now() - started);
  };
  for (const transfer of [up, down]) for (const chunk of [64 * 1024, 2048]) await transfer(large / 16, chunk);
  const parent = watchMemory(parentPid);
  const runner = watchMemory(runnerPid);
  const rates = {
    "up 64 KiB": await rateOf(up, large, 64 * 1024),
    "down 64 KiB": await rateOf(down, large, 64 * 1024),
  };
  const grown = {
    ...(parent === null ? {} : { "parent grew": parent.grown() }),
    ...(runner === null ? {} : { "runner grew": runner.grown() }),
  };
  return {
    ...rates,
    "up 2 KiB": await rateOf(up, small, 2048),
    "down 2 KiB": await rateOf(down, small, 2048),
    ...grown,
  };
}

function goal(metric: string, solid: number, best: number): Goal {
  return { metric, of: "flamelet, TCP", over: { contender: TCP, by: "ratio" }, solid, goal: best };
}
