import assert from "node:assert/strict";
import { test } from "node:test";
import { fly } from "../harness.ts";
import { TurnedClock } from "../turned-clock.ts";

const HOUR = 3_600_000;

test("a machine with a schedule starts again when it is time, one that was never launched does not", async (t) => {
  const clock = new TurnedClock();
  const f = await fly(t, { clock });
  const world = f.emulator.world.app("demo");
  const config = { init: { exec: ["true"] }, schedule: "hourly" };
  const machine = world.machine((await f.create(config)).id);
  const never = world.machine((await f.create(config, { skip_launch: true })).id);
  const stopped = async (): Promise<void> => {
    while (machine.state !== "stopped") await clock.turn(1);
  };
  const starts = (): number => machine.events.filter(({ status }) => status === "started").length;
  await stopped();
  assert.equal(starts(), 1);
  await clock.turn(HOUR / 2);
  assert.equal(starts(), 1);
  await clock.turn(HOUR / 2);
  await stopped();
  assert.equal(starts(), 2);
  assert.equal(never.state, "stopped");
});
