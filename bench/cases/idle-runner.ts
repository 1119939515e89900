import { setTimeout as sleep } from "node:timers/promises";
import type { Case, Contender, Metrics, Role, Size } from "../harness/case.ts";
import { childPids, proportionalMb } from "../harness/memory.ts";

const BARE = "a bare Node process";
/** How many there are of each: what they share is divided among them. */
const COUNT = 5;

export const idleRunner: Case = {
  title: "One more idle runner",
  about: `${COUNT} idle processes of each kind: the memory of one, with what they share divided among them (PSS).`,
  cores: "all",
  rounds: 3,
  metrics: { PSS: { unit: "MB", better: "lower" } },
  yardstick: BARE,
  contenders: {
    [BARE]: processes("limit", bare("echo-runner.mjs")),
    "a bare Node process with one thread": processes("limit", bare("echo-runner-with-thread.mjs")),
    "flamelet's runner": processes("flamelet", runners),
  },
  goals: [{ metric: "PSS", of: "flamelet's runner", over: { contender: BARE, by: "difference" }, solid: 8, goal: 3 }],
};

function processes(role: Role, start: () => Promise<void>): Contender {
  return {
    role,
    measure: async (size: Size): Promise<Metrics> => {
      await start();
      await sleep(size.pick(2_000, 200));
      const pids = childPids(process.pid);
      if (pids.length !== COUNT) throw new Error(`there are ${pids.length} processes instead of ${COUNT}`);
      return { PSS: pids.reduce((sum, pid) => sum + proportionalMb(pid), 0) / COUNT };
    },
  };
}

function module(name: string): URL {
  return new URL(`../contenders/cold/${name}`, import.meta.url);
}

function bare(name: string): () => Promise<void> {
  return async () => {
    const { startRunner } = await import("../contenders/own/runner-process.ts");
    await Promise.all(Array.from({ length: COUNT }, () => startRunner(module(name), "unix")));
  };
}

async function runners(): Promise<void> {
  const { flame } = await import("flamelet");
  const backend = flame.backend.process({ entry: module("flamelet-runner.mjs"), execArgv: [] });
  await flame.pool("bench", { min: COUNT, max: COUNT, backend }).ready;
}
