/**
 * One process that is the runner's end of very many runners: each has its two real connections, serves calls, and gives
 * signs of life. What it has not is a process of its own, which the parent would not notice.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { flame } from "flamelet";
import { dialParent } from "../../../packages/flamelet/src/child/dial.ts";
import { decodeParentEnv } from "../../../packages/flamelet/src/child/parent-env.ts";
import { Service } from "../../../packages/flamelet/src/child/service.ts";
import { systemClock } from "../../../packages/flamelet/src/clock.ts";
import { BEAT, Beats, RESPONSIVE } from "../../../packages/flamelet/src/session/beat.ts";

type Backend = ReturnType<typeof flame.backend.process>;

/** A backend all of whose runners are in one other process. */
export function simulatedBackend(): Backend {
  const host = fork(fileURLToPath(import.meta.url), { env: { ...process.env, BENCH_RUNNER_HOST: "1" } });
  return {
    name: "simulated",
    network: { kind: "unix" },
    provision: async ({ name, env }) => {
      host.send(env["FLAME_PARENT"] ?? "");
      return { id: name, exited: new Promise(() => {}) };
    },
    destroy: async () => {},
    list: async () => [],
  };
}

async function serve(parent: string): Promise<void> {
  const env = decodeParentEnv(parent);
  const transport = await dialParent(env, "main", env.buildId);
  const runner = { id: env.runnerId, pool: env.pool };
  new Service(transport, { clock: systemClock, runner, lease: env.lease, loaded: Promise.resolve(), end: () => {} });
  const watchdog = await dialParent(env, "watchdog", env.buildId);
  const beats = new Beats(() => void watchdog.write([Uint8Array.of(RESPONSIVE)]));
  watchdog.receiver = { data: () => beats.heard(), drain() {}, closed() {} };
  setInterval(() => beats.due(), BEAT);
}

if (process.env["BENCH_RUNNER_HOST"] !== undefined) {
  process.on("message", (parent) => void serve(String(parent)));
  process.on("disconnect", () => process.exit(0));
}
