import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { marked } from "../../src/guests/sweep.ts";
import type { Machine } from "../../src/world/machine.ts";
import { TRANSIENT } from "../../src/world/machine-state.ts";
import { Refusal } from "../../src/world/refusal.ts";
import { alive, fly } from "../harness.ts";

/** Numbers from a seed (mulberry32), so that a history can be played again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Two histories that once left a process behind; `SEED=n` plays another. */
const seeds = process.env["SEED"] === undefined ? [10, 20] : [Number(process.env["SEED"])];

for (const seed of seeds)
  test(
    `whatever is done to machines, state and processes agree in the end: SEED=${seed}`,
    { skip: !existsSync("/proc") },
    async (t) => {
      const f = await fly(t);
      const { world } = f.emulator;
      const app = world.app("demo");
      const next = random(seed);
      const config = { init: { exec: ["sleep", "600"] }, restart: { policy: "on-failure", max_retries: 3 } };
      const machines: Machine[] = [];
      for (let made = 0; made < 4; made++) machines.push(app.machine((await f.create(config)).id));
      const deeds: ((machine: Machine) => unknown)[] = [
        ({ life }) => life.start(),
        ({ life }) => life.stop(),
        ({ life }) => life.stop({ signal: "SIGKILL" }),
        ({ life }) => life.suspend(),
        ({ life }) => life.restart(),
        ({ life }) => life.signal("SIGKILL"),
        ({ id }) =>
          f.call("POST", `/apps/demo/machines/${id}`, { config: { image: "registry.fly.io/demo:1", ...config } }),
        ({ id }) => world.faults.add({ kind: "snapshot-lost", machine: id, times: 1 }),
        ({ id }) => world.faults.add({ kind: "host-dead", machine: id }),
        () => world.faults.clear(),
      ];
      for (let step = 0; step < 150; step++) {
        const machine = machines[next(machines.length)] as Machine;
        try {
          await deeds[next(deeds.length)]?.(machine);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
        }
        if (next(3) === 0) await setTimeout(next(10));
      }
      world.faults.clear();
      for (const machine of machines) {
        await machine.until(({ state, hostStatus }) => hostStatus === "ok" && !TRANSIENT.has(state));
        // The last deed may still be on its way, as a kill is.
        for (const settled = (): boolean => agrees(world.id, machine); !settled();) await setTimeout(10);
        machine.life.destroy(true);
        await machine.until(({ state }) => state === "destroyed");
      }
      assert.deepEqual(marked(`${world.id}/`), []);
    },
  );

/** Whether what runs is what the state says. */
function agrees(emulator: string, { id, life, state }: Machine): boolean {
  const running = marked(`${emulator}/${id}/`);
  if (state === "started" || state === "suspended") return life.pid !== null && alive(life.pid) && running.length === 1;
  return !TRANSIENT.has(state) && life.pid === null && running.length === 0;
}
