import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Case, Contender, Role, Size } from "../harness/case.ts";
import { median } from "../harness/latency.ts";

const ALONE = "the app, dialling back";
const PLAIN = "flamelet, without compile cache";
const DEFAULT = "flamelet, as it is";
/** Long enough for a runner to write its cache and go, in ms. */
const LEAVING = 10_000;

export const coldApp: Case = {
  title: "From an empty pool to a result, real app",
  about:
    "An app that loads fastify, playwright-core and pg: from the boot to the first answer, with and without Node's compile cache.",
  cores: "all",
  rounds: 3,
  metrics: { "first result": { unit: "ms", better: "lower" } },
  yardstick: ALONE,
  contenders: {
    [ALONE]: boots("limit", appOnce, { NODE_DISABLE_COMPILE_CACHE: "1" }),
    "the app, with compile cache": boots("limit", appOnce, {}),
    [PLAIN]: boots("flamelet", flameletOnce, { NODE_DISABLE_COMPILE_CACHE: "1" }),
    [DEFAULT]: boots("flamelet", flameletOnce, null),
    "flamelet, NODE_COMPILE_CACHE set": boots("flamelet", flameletOnce, {}),
  },
  goals: [
    { metric: "first result", of: PLAIN, over: { contender: ALONE, by: "difference" }, solid: 30, goal: 10 },
    { metric: "first result", of: DEFAULT, over: { contender: ALONE, by: "ratio" }, solid: 1, goal: 0.8 },
  ],
};

type BootOnce = (env: Record<string, string>) => Promise<number>;

/** @param env Added to the runner's environment; with a compile cache unless that is switched off, or it is null. */
function boots(role: Role, boot: BootOnce, env: Record<string, string> | null): Contender {
  return {
    role,
    measure: async (size: Size) => {
      const cache = mkdtempSync(join(tmpdir(), "bench-cache-"));
      try {
        const runnerEnv: Record<string, string> = env === null ? {} : { NODE_COMPILE_CACHE: cache, ...env };
        // This one fills the cache.
        if (!size.short) await boot(runnerEnv);
        const samples: number[] = [];
        for (let i = 0; i < size.pick(3, 1); i++) samples.push(await boot(runnerEnv));
        return { "first result": median(samples) };
      } finally {
        rmSync(cache, { recursive: true, force: true });
      }
    },
  };
}

function module(name: string): URL {
  return new URL(`../contenders/cold/${name}`, import.meta.url);
}

async function appOnce(env: Record<string, string>): Promise<number> {
  const { startRunner } = await import("../contenders/own/runner-process.ts");
  const started = performance.now();
  const { socket, child } = await startRunner(module("app-echo-runner.mjs"), "unix", [], { ...process.env, ...env });
  socket.write("x");
  await once(socket, "data");
  const took = performance.now() - started;
  // It writes its cache when it ends by itself.
  socket.end();
  await once(child, "exit", { signal: AbortSignal.timeout(LEAVING) });
  return took;
}

async function flameletOnce(env: Record<string, string>): Promise<number> {
  const { flame } = await import("flamelet");
  const { noop } = (await import(
    module("flamelet-runner.mjs").href
  )) as typeof import("../contenders/cold/flamelet-runner.mjs");
  const entry = module("app-flamelet-runner.mjs");
  const started = performance.now();
  const pool = flame.pool("bench", { backend: flame.backend.process({ entry, execArgv: [], env }) });
  await flame.call(pool, noop);
  const took = performance.now() - started;
  await pool.drain();
  await pool.close();
  return took;
}
