import { BootError, type MachineSpec } from "flamelet";
import { FlyConflictError, FlyNotFoundError, FlyTransientError } from "../api/errors.ts";
import type { Machines } from "../api/machines.ts";
import type { FlyMachine, MachineConfig } from "../api/types.ts";
import { bootError, helpsElsewhere } from "./failures.ts";
import { listingOf, tagOfName } from "./tags.ts";

/** What to make, and where. */
export interface Making {
  readonly config: MachineConfig;
  readonly regions: readonly string[];
  /** Whether it is only prepared. Default false. */
  readonly skipLaunch?: boolean;
  /** Whether a machine of that name is what is to be made. Default: that it is of the same parent's same boot. */
  readonly isOurs?: (machine: FlyMachine) => boolean;
}

/** How often a machine is asked for when no answer comes. */
const TRIES = 3;

/**
 * Gets the machine of that name: a new one, in the first region that has room; or the one that exists, should an answer have
 * been lost on its way. Fly has no other idempotency key than the name, which is unique in an app.
 *
 * @param signal Aborting it gives up as long as Fly has not been asked. A request under way is waited for.
 */
export async function createMachine(
  machines: Machines,
  spec: MachineSpec,
  making: Making,
  signal: AbortSignal,
): Promise<FlyMachine> {
  let last: Error = new Error("no region was given");
  for (const region of making.regions) {
    try {
      return await createIn(machines, spec, making, region, signal);
    } catch (error) {
      signal.throwIfAborted();
      last = error as Error;
      if (!helpsElsewhere(error)) break;
    }
  }
  throw bootError(spec.name, last);
}

async function createIn(
  machines: Machines,
  spec: MachineSpec,
  { config, skipLaunch = false, isOurs }: Making,
  region: string,
  signal: AbortSignal,
): Promise<FlyMachine> {
  for (let tries = 1; ; tries++) {
    const request = { name: spec.name, region, config, ...(skipLaunch ? { skip_launch: true } : {}) };
    const gate = new AbortController();
    const give = (): void => gate.abort(signal.reason);
    const hold = spec.hold?.();
    // From here on it may exist, and must not be forgotten.
    const admitted = (): void => {
      signal.removeEventListener("abort", give);
      hold?.[Symbol.dispose]();
    };
    signal.throwIfAborted();
    signal.addEventListener("abort", give, { once: true });
    try {
      return await machines.create(request, { signal: gate.signal, admitted });
    } catch (error) {
      if (error instanceof FlyConflictError && error.reason === "name")
        return await adopt(machines, spec, error, isOurs);
      const lost = error instanceof FlyTransientError && error.outcome === "unknown";
      if (!lost) throw error;
      if (signal.aborted || tries === TRIES) {
        void destroyByName(machines, spec.name).catch(() => {});
        throw error;
      }
    } finally {
      admitted();
    }
  }
}

/** A machine of that name exists: this boot's own, unless somebody else chose the same name. */
async function adopt(
  machines: Machines,
  spec: MachineSpec,
  conflict: FlyConflictError,
  isOurs: Making["isOurs"] = (machine) => isOfBoot(machine, spec),
): Promise<FlyMachine> {
  const { machineId } = conflict;
  const machine =
    machineId === null ? (await machines.list({ metadata: tagOfName(spec.name) }))[0] : await machines.get(machineId);
  if (machine === undefined) throw conflict;
  if (isOurs(machine)) return machine;
  throw new BootError(`a machine named ${spec.name} exists already, and is not of this boot`, { failure: "config" });
}

function isOfBoot(machine: FlyMachine, { parentId, epoch }: MachineSpec): boolean {
  const known = listingOf(machine);
  return known?.parentId === parentId && known.epoch === epoch;
}

/**
 * For a machine that may have been made without anybody having been told. Should it appear later still, its app finds that
 * nobody expects it, and ends when its lease does.
 */
async function destroyByName(machines: Machines, name: string): Promise<void> {
  for (const { id } of await machines.list({ metadata: tagOfName(name) })) await destroyMachine(machines, id);
}

/** How often a machine is destroyed whose lease somebody else holds, and how long between, in ms. */
const DESTROY_TRIES = 5;
const DESTROY_PAUSE = 1_000;

/** Kills it and removes it. Resolves also when it is gone already. */
export async function destroyMachine(machines: Machines, id: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await machines.delete(id, { force: true });
    } catch (error) {
      if (error instanceof FlyNotFoundError) return;
      // Fly's own systems take leases too, for a moment.
      if (!(error instanceof FlyConflictError) || tries === DESTROY_TRIES) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, DESTROY_PAUSE));
  }
}
