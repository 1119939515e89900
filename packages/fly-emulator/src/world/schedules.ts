import type { Timer } from "./clock.ts";
import type { Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

const DAY = 86_400_000;

/** How long after a start the next one is due. Fly says "approximately". */
const PERIODS: Readonly<Record<string, number>> = { hourly: DAY / 24, daily: DAY, weekly: 7 * DAY, monthly: 30 * DAY };

/** Starts machines that have a schedule again when it is time. One that was never started stays so, as on Fly. */
export function runSchedules(world: World): void {
  const startedAt = new Map<Machine, number>();
  const timers = new Map<Machine, Timer>();
  world.events.on("machine", (machine, previous) => {
    const period = PERIODS[machine.config.schedule ?? ""];
    if (machine.state === "started" && previous !== "started") startedAt.set(machine, world.clock.now());
    timers.get(machine)?.cancel();
    timers.delete(machine);
    if (machine.state === "destroyed") startedAt.delete(machine);
    const last = startedAt.get(machine);
    if (machine.state !== "stopped" || period === undefined || last === undefined) return;
    const wait = Math.max(0, last + period - world.clock.now());
    timers.set(
      machine,
      world.clock.setTimer(wait, () => start(world, machine)),
    );
  });
}

function start(world: World, machine: Machine): void {
  world.log(machine, "system", `starts by its schedule (${machine.config.schedule})`);
  try {
    machine.life.start();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    world.log(machine, "system", `could not start: ${error.message}`);
  }
}
