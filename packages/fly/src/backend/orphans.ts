import type { MachineListing } from "flamelet";
import type { FlyApi } from "../api/client.ts";
import { FlyNotFoundError } from "../api/errors.ts";
import type { FlyMachine } from "../api/types.ts";
import { isInUse, isParked, listingOf, listingOfParked, parentMachineOf } from "./tags.ts";

/** A machine younger than this, in ms, is nobody's business but its parent's. */
const YOUNG = 120_000;
/** The longest that Fly lets a process take to end, in ms, and a minute: by then nothing of an older version runs. */
const LONGEST_END = 360_000;

/** A standby machine that has been left stopped for longer than this, in ms, is nobody's runner any more. */
const LEFT = 600_000;

/**
 * Those of these machines that are left over for certain. A runner is when the machine which its parent ran on
 *
 * - does not exist any more, or is destroyed, stopped or failed: nothing runs on it; or
 * - runs another version than the parent did, and has for longer than Fly lets a process take to end.
 *
 * A standby machine is left over while it is in store when the app has other machines, and none of them has its image; and
 * after it was taken, when it has been stopped for ten minutes, since whoever took it would have put it back.
 *
 * A list may be stale, so each parent's machine is asked for by its id. Left alone are runners that are younger than two minutes,
 * that run where Fly cannot be asked, and whose parent did not run on Fly. A parent that was restarted in the same version of
 * its machine is not told apart from its predecessor, so that one's runners are left to their lease.
 */
export async function orphansAmong(
  machines: readonly FlyMachine[],
  api: FlyApi,
  now: number,
): Promise<readonly MachineListing[]> {
  const verdicts = new Map<string, Promise<boolean>>();
  const gone = (app: string, id: string, version: string | null): Promise<boolean> => {
    const key = JSON.stringify([app, id, version]);
    const verdict = verdicts.get(key) ?? isGone(api, app, id, version, now);
    verdicts.set(key, verdict);
    return verdict;
  };
  const judged = machines.map(async (machine) => {
    const left = isInUse(machine) && ASLEEP.includes(machine.state) && age(machine.updated_at, now) > LEFT;
    if (isParked(machine)) return left || isOutdated(machine, machines, now) ? listingOfParked(machine) : null;
    const listing = listingOf(machine);
    if (listing !== null && left) return listing;
    const parent = parentMachineOf(machine);
    if (listing === null || parent === null || age(machine.created_at, now) < YOUNG) return null;
    return (await gone(parent.app, parent.id, parent.version)) ? listing : null;
  });
  return (await Promise.all(judged)).filter((listing) => listing !== null);
}

/** A standby machine that somebody is about something with is neither for longer than moments. */
const ASLEEP = ["stopped", "suspended"];

/** Whether the app has other machines, and all of them run other images. */
function isOutdated(parked: FlyMachine, machines: readonly FlyMachine[], now: number): boolean {
  const others = machines.filter((machine) => !isParked(machine) && listingOf(machine) === null);
  const digest = parked.image_ref?.digest;
  // A deploy replaces machines one after the other, and may be undone.
  if (others.length === 0 || digest === undefined || age(parked.created_at, now) < LEFT) return false;
  return others.every((machine) => machine.image_ref?.digest !== undefined && machine.image_ref.digest !== digest);
}

const NOTHING_RUNS = ["destroyed", "stopped", "failed"];

async function isGone(api: FlyApi, app: string, id: string, version: string | null, now: number): Promise<boolean> {
  try {
    const machine = await api.machines(app).get(id);
    if (NOTHING_RUNS.includes(machine.state)) return true;
    const replaced = version !== null && machine.instance_id !== version;
    return replaced && machine.state === "started" && age(machine.updated_at, now) > LONGEST_END;
  } catch (error) {
    // The app may be one that our token must not see, and that is told in the same way.
    if (error instanceof FlyNotFoundError) return /machine not found/.test(error.message);
    return false;
  }
}

/** In ms; 0 when it is not known. */
function age(since: string | undefined, now: number): number {
  const at = Date.parse(since ?? "");
  return Number.isNaN(at) ? 0 : now - at;
}
