import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type RunningGuest, startGuest } from "../guests/guest.ts";
import { machineCommand, machineEnv } from "./environment.ts";
import type { Machine } from "./machine.ts";
import { failedPrecondition } from "./refusal.ts";
import type { World } from "./world.ts";

/** The folder that stands for the root file system of a machine. */
export function rootOf(world: World, machine: Machine): string {
  return join(world.folder, "machines", machine.id);
}

/** The environment of what runs in a machine. */
export function environmentOf(world: World, machine: Machine): Record<string, string> {
  return machineEnv(machine, { folder: rootOf(world, machine), extra: world.extraEnv });
}

/** Starts the processes of a machine; `boot` counts its boots. Throws when there is nothing to run, or no root to run in. */
export function bootGuest(world: World, machine: Machine, boot: number): RunningGuest {
  const root = rootOf(world, machine);
  const { folder } = machine.image;
  if (!existsSync(folder)) throw new Error(`the folder of its image is gone: ${folder}`);
  // A stop puts the root file system back to what the image has.
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, "tmp"), { recursive: true });
  world.prepareRoot(machine, root);
  const spec = {
    mark: `${world.id}/${machine.id}/${boot}/`,
    command: [...machine.address.enter, ...machineCommand(machine)],
    env: environmentOf(world, machine),
    cwd: folder,
    log: (stream: "stdout" | "stderr", text: string) => world.log(machine, stream, text),
  };
  return startGuest(spec, world.guardian);
}

/** Throws for a machine that Fly cannot suspend. https://fly.io/docs/reference/suspend-resume/ */
export function checkSuspendable({ config }: Machine): void {
  if ((config.guest?.memory_mb ?? 256) > 2048)
    throw failedPrecondition("unable to suspend machine: it has more than 2048 MB of memory");
  if ((config.init?.swap_size_mb ?? 0) > 0) throw failedPrecondition("unable to suspend machine: it has swap");
  if (config.schedule != null && config.schedule !== "")
    throw failedPrecondition("unable to suspend machine: it has a schedule");
}
