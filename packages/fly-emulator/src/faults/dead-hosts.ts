import type { Machine } from "../world/machine.ts";
import type { World } from "../world/world.ts";
import { matches } from "./faults.ts";

/** Lets machines die with their host while a `host-dead` fault is on that matches them, and come back after. */
export function followDeadHosts(world: World): void {
  const dead = (machine: Machine): boolean =>
    world.faults.list().some((fault) => fault.kind === "host-dead" && matches(fault, machine));
  world.events.on("fault", (fault, what) => {
    if (fault.kind !== "host-dead" || what === "struck") return;
    for (const machine of world.machines()) {
      // Also one that is about to return.
      if (dead(machine)) machine.life.hostDied();
      else if (machine.hostStatus !== "ok") void machine.life.hostReturned();
    }
  });
}
