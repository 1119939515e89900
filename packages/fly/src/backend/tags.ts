import type { MachineListing, MachineSpec, StandbyKey } from "flamelet";
import type { FlyMachine } from "../api/types.ts";

/** What flamelet notes on its machines, in their metadata. */
const NAME = "flame_name";
const POOL = "flame_pool";
const PARENT = "flame_parent";
const BUILD = "flame_build";
const EPOCH = "flame_epoch";
const PARENT_MACHINE = "flame_parent_machine";
const PARENT_APP = "flame_parent_app";
const PARENT_VERSION = "flame_parent_version";

/** On standby machines only: which of these it is. */
export const STANDBY = "flame_standby";
/** In store, to be booted, or resumed, by whoever takes it. */
export const PARKED = { stopped: "parked", suspended: "suspended" } as const;
/** A runner has it. */
export const TAKEN = "taken";
/** Its app is being loaded, before it is suspended. */
export const LOADING = "loading";
/** Set by its app, once that is loaded. */
export const LOADED = "flame_loaded";
/** Set by who takes a suspended machine: what its runner is to know of its parent. */
export const CLAIM = "flame_claim";

/** The machine that a process runs on. */
export interface OwnMachine {
  readonly app: string;
  readonly id: string;
  /** Another one after each deploy; null where it is not known. */
  readonly version: string | null;
}

/** The metadata of a machine. */
export function tagsOf(
  spec: Pick<MachineSpec, "name" | "pool" | "parentId" | "buildId" | "epoch">,
  self: OwnMachine | null,
): Record<string, string> {
  return {
    [NAME]: spec.name,
    [POOL]: spec.pool,
    [PARENT]: spec.parentId,
    [BUILD]: spec.buildId,
    [EPOCH]: String(spec.epoch),
    ...(self === null ? {} : { [PARENT_MACHINE]: self.id, [PARENT_APP]: self.app }),
    ...(self?.version == null ? {} : { [PARENT_VERSION]: self.version }),
  };
}

/** What finds the machines of one boot. There is one, or none. */
export function tagOfName(name: string): Record<string, string> {
  return { [NAME]: name };
}

/** What is noted on a runner's machine; null when it is none, or one in store. */
export function listingOf(machine: FlyMachine): MachineListing | null {
  if (isParked(machine)) return null;
  const { [NAME]: name, [POOL]: pool, [PARENT]: parentId, [BUILD]: buildId, [EPOCH]: epoch } = metadataOf(machine);
  if (name === undefined || pool === undefined || parentId === undefined || buildId === undefined) return null;
  return { id: machine.id, name, pool, parentId, buildId, epoch: Number(epoch) };
}

/** As `listingOf`, of one in store, which has no parent. */
export function listingOfParked(machine: FlyMachine): MachineListing {
  const { [POOL]: pool = "", [BUILD]: buildId = "" } = metadataOf(machine);
  return { id: machine.id, name: machine.name, pool, parentId: "", buildId, epoch: 0 };
}

/** The machine that the parent of this one runs on, where it is one. */
export function parentMachineOf(machine: FlyMachine): OwnMachine | null {
  const { [PARENT_MACHINE]: id, [PARENT_APP]: app, [PARENT_VERSION]: version = null } = metadataOf(machine);
  return id === undefined || app === undefined ? null : { app, id, version };
}

/** Of a machine whose host does not answer, only an incomplete config is known, which has this. */
function metadataOf({ config, incomplete_config }: FlyMachine): Readonly<Record<string, string | undefined>> {
  return config?.metadata ?? incomplete_config?.metadata ?? {};
}

/** The metadata that makes a machine a standby machine. */
export function standbyTags(
  { pool, buildId }: Pick<StandbyKey, "pool" | "buildId">,
  is: (typeof PARKED)[StandbyKey["mode"]] | typeof TAKEN | typeof LOADING,
): Record<string, string> {
  return { [STANDBY]: is, [POOL]: pool, [BUILD]: buildId };
}

/** Whether it is in store, or on its way there: of this pool, build and mode or, without a key, of any. */
export function isParked(machine: FlyMachine, key?: StandbyKey): boolean {
  const { [STANDBY]: is, [POOL]: pool, [BUILD]: buildId } = metadataOf(machine);
  if (key !== undefined) return is === PARKED[key.mode] && pool === key.pool && buildId === key.buildId;
  return is === PARKED.stopped || is === PARKED.suspended || is === LOADING;
}

/** Whether its app said that it is loaded. */
export function isLoaded(machine: FlyMachine): boolean {
  return metadataOf(machine)[LOADED] !== undefined;
}

/** Whether somebody is about something with it: a runner has it, or it is being prepared. */
export function isInUse(machine: FlyMachine): boolean {
  const { [STANDBY]: is } = metadataOf(machine);
  return is === TAKEN || is === LOADING;
}
