import { byDistance } from "../regions/distance.ts";
import { parseRegionPreference } from "../regions/preference.ts";
import type { App } from "./app.ts";
import { checkedConfig, wantsGpu } from "./check-config.ts";
import { machineId, randomName } from "./ids.ts";
import { Machine } from "./machine.ts";
import type { MachineConfig } from "./machine-config.ts";
import { Refusal, badRequest, failedPrecondition, notFound } from "./refusal.ts";
import type { World } from "./world.ts";

export interface CreateInput {
  readonly name?: string | undefined;
  /** A code, or a list of codes and aliases. Default: the region of whoever asks. */
  readonly region?: string | undefined;
  readonly config: unknown;
  readonly skipLaunch: boolean;
  readonly cordoned: boolean;
  /** Default false. */
  readonly skipSecrets?: boolean;
}

/** Makes a machine and lets it boot. Throws what Fly refuses. */
export function createMachine(world: World, app: App, input: CreateInput): Machine {
  const config = checkedConfig(input.config);
  const image = world.images.find(config.image);
  const twin = app.living.find(({ name }) => name === input.name);
  if (twin !== undefined)
    throw new Refusal(
      409,
      `already_exists: unique machine name violation, machine ID ${twin.id} already exists with name "${twin.name}"`,
    );
  const mounts = checkMounts(app, config);
  const region = mounts ?? place(world, app, config, input.region ?? world.homeRegion);
  const machine = new Machine(world, app, {
    id: machineId(),
    name: input.name ?? randomName(),
    region,
    config,
    image,
    address: world.network.take(),
    cordoned: input.cordoned,
    skipSecrets: input.skipSecrets === true,
  });
  app.machines.set(machine.id, machine);
  bindVolumes(machine);
  machine.life.launch(input.skipLaunch);
  return machine;
}

/** Makes its volumes its own. */
export function bindVolumes(machine: Machine): void {
  for (const { volume } of machine.config.mounts ?? []) {
    const bound = machine.app.volumes.get(volume ?? "");
    if (bound !== undefined) bound.machine = machine.id;
  }
}

/** The first region of the list that has room. */
function place(world: World, app: App, config: MachineConfig, wanted: string): string {
  let steps;
  try {
    steps = parseRegionPreference(wanted);
  } catch (error) {
    throw badRequest(`invalid region: ${(error as Error).message}`);
  }
  let refusal: Refusal | null = null;
  for (const region of steps.flatMap((step) => byDistance(world.homeRegion, step))) {
    refusal = capacityRefusal(world, app, config, region);
    if (refusal === null) return region;
  }
  throw refusal ?? badRequest(`invalid region: ${JSON.stringify(wanted)}`);
}

function capacityRefusal(world: World, app: App, config: MachineConfig, region: string): Refusal | null {
  const full = new Refusal(422, "could not find a candidate host", "insufficient_capacity");
  if (wantsGpu(config)) return full;
  const fault = world.faults.strike("no-capacity", { app, region }, "create");
  switch (fault === null ? null : (fault.scope ?? "region")) {
    case null:
      return null;
    case "host":
      return new Refusal(409, "aborted: insufficient resources available to fulfill request: no capacity on the host");
    case "quota":
      return new Refusal(
        403,
        `organization "${app.org}" is using 16384 MB of memory in ${region} which is over the allowed quota. ` +
          "please consider other regions",
      );
    case "machine-limit":
      return new Refusal(422, "Your organization has reached its machine limit. Please contact billing@fly.io");
    default:
      return full;
  }
}

/** The region of the volumes that it mounts; null where it mounts none. */
function checkMounts(app: App, config: MachineConfig): string | null {
  let region: string | null = null;
  for (const mount of config.mounts ?? []) {
    if (mount.volume === undefined && mount.name !== undefined) {
      const free = [...app.volumes.values()].find(({ name, machine }) => name === mount.name && machine === null);
      if (free !== undefined) mount.volume = free.id;
    }
    const volume = app.volumes.get(mount.volume ?? "");
    if (volume === undefined || volume.state === "destroyed") throw notFound("volume");
    if (volume.machine !== null) throw failedPrecondition(`volume already claimed by machine ${volume.machine}`);
    region = volume.region;
  }
  return region;
}
