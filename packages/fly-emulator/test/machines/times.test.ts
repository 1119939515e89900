import assert from "node:assert/strict";
import { test } from "node:test";
import type { Times } from "../../src/index.ts";
import type { Machine } from "../../src/world/machine.ts";
import { fly } from "../harness.ts";
import { TurnedClock } from "../turned-clock.ts";

const TIMES: Times = {
  create: 1000,
  pull: 2000,
  start: 300,
  resume: 200,
  suspend: 500,
  stop: 100,
  stillActive: 400,
  restart: 700,
  destroy: 50,
  destroyedReadable: 10_000,
};

test("everything takes the time that it is said to take", async (t) => {
  const clock = new TurnedClock();
  const f = await fly(t, { clock, times: TIMES });
  const { id } = await f.create({ restart: { policy: "on-failure", max_retries: 1 } });
  const machine: Machine = f.emulator.world.app("demo").machine(id);
  /** It is in that state until `ms` have gone by, and then in the next one. */
  const takes = async (state: string, ms: number, next: string): Promise<void> => {
    assert.equal(machine.state, state);
    await clock.turn(ms - 1);
    assert.equal(machine.state, state, `${state} for ${ms} ms`);
    await clock.turn(1);
    assert.equal(machine.state, next, `${next} after ${ms} ms`);
  };
  /** The real process is gone, and the next step waits for time. */
  const over = async (): Promise<void> => {
    while (machine.life.pid !== null) await new Promise(setImmediate);
  };
  await takes("created", TIMES.create + TIMES.pull, "starting");
  await takes("starting", TIMES.start, "started");
  machine.life.suspend();
  await takes("suspending", TIMES.suspend, "suspended");
  machine.life.start();
  await takes("starting", TIMES.resume, "started");

  machine.life.signal("SIGKILL");
  await over();
  await takes("restarting", TIMES.restart, "starting");
  await takes("starting", TIMES.start, "started");

  machine.life.stop({ signal: "SIGKILL" });
  await over();
  await takes("stopping", TIMES.stop, "stopped");
  await clock.turn(TIMES.stillActive - 1);
  assert.throws(() => machine.life.start(), /still active, refusing to start/);
  await clock.turn(1);
  machine.life.start();
  await takes("starting", TIMES.start, "started");

  machine.life.destroy(true);
  await over();
  await takes("destroying", TIMES.destroy, "destroyed");
  await clock.turn(TIMES.destroyedReadable - 1);
  assert.equal((await f.call("GET", `/apps/demo/machines/${id}`)).status, 200);
  await clock.turn(1);
  assert.equal((await f.call("GET", `/apps/demo/machines/${id}`)).status, 404);
});
