import { once } from "node:events";
import { open } from "../contenders/open.ts";
import type { Rpc } from "../contenders/rpc.ts";
import type { Case, Contender, Role, Size } from "../harness/case.ts";
import { FLAME, flameContender } from "../harness/flame-contender.ts";
import { median } from "../harness/latency.ts";

const SMALLEST = "the smallest runner";

export const coldRunner: Case = {
  title: "From an empty pool to a result, bare runner",
  about:
    "An app that loads nothing: from the first call on a pool without runners to its result. All modules are JavaScript.",
  cores: "all",
  metrics: { "first result": { unit: "ms", better: "lower" } },
  yardstick: SMALLEST,
  contenders: {
    [SMALLEST]: boots("limit", echoOnce),
    flamelet: boots("flamelet", flameletOnce),
    piscina: peerBoots(() => open.piscina(1, module("functions.mjs"))),
    "tinypool (child_process)": peerBoots(() => open.tinypool(module("functions.mjs"))),
    "workerpool (process)": peerBoots(() => open.workerpool(module("workerpool-runner.mjs"))),
    comlink: peerBoots(() => open.comlink(module("comlink-worker.mjs"))),
    [FLAME]: flameContender(async (flame, size) => {
      const samples: number[] = [];
      for (let i = 0; i < timesOf(size); i++) samples.push(...(await flame.ask("boot")));
      return { "first result": median(samples) };
    }),
  },
  goals: [
    {
      metric: "first result",
      of: "flamelet",
      over: { contender: SMALLEST, by: "ratio" },
      solid: 2,
      goal: 1.3,
    },
  ],
};

function module(name: string): URL {
  return new URL(`../contenders/cold/${name}`, import.meta.url);
}

/** Boots and closes, and how long the first took until its result, in ms. */
type BootOnce = () => Promise<number>;

function boots(role: Role, boot: BootOnce): Contender {
  return {
    role,
    measure: async (size: Size) => {
      const samples: number[] = [];
      // The first also loads the library, and is not in the middle.
      for (let i = 0; i < timesOf(size); i++) samples.push(await boot());
      return { "first result": median(samples) };
    },
  };
}

function timesOf(size: Size): number {
  return size.pick(9, 2);
}

async function echoOnce(): Promise<number> {
  const { startRunner } = await import("../contenders/own/runner-process.ts");
  const started = performance.now();
  using runner = await startRunner(module("echo-runner.mjs"), "unix");
  runner.socket.write("x");
  await once(runner.socket, "data");
  return performance.now() - started;
}

async function flameletOnce(): Promise<number> {
  const { flame } = await import("flamelet");
  const entry = module("flamelet-runner.mjs");
  const { noop } = (await import(entry.href)) as typeof import("../contenders/cold/flamelet-runner.mjs");
  const started = performance.now();
  const pool = flame.pool("bench", { backend: flame.backend.process({ entry, execArgv: [] }) });
  await flame.call(pool, noop);
  const took = performance.now() - started;
  await pool.drain();
  return took;
}

function peerBoots(opened: () => Promise<Rpc>): Contender {
  return boots("peer", async () => {
    const started = performance.now();
    await using rpc = await opened();
    await rpc.noop();
    return performance.now() - started;
  });
}
