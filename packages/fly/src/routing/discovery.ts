import { resolve6, resolveTxt } from "node:dns/promises";
import { OptionError } from "flamelet";

/** A machine of an app that runs, as Fly's private DNS tells of it. */
export interface Member {
  /** The machine's id. */
  readonly id: string;
  readonly region: string;
  /** Its private IPv6 address. It changes when Fly moves the machine, so look again rather than keep it. */
  readonly address: string;
}

export interface MembersOptions {
  /** Default: `FLY_APP_NAME`, this very app. */
  readonly app?: string;
  /** Only those in this region. */
  readonly region?: string;
}

/**
 * The machines of an app that run now, this one included: from `vms.<app>.internal` (TXT) and `<id>.vm.<app>.internal` (AAAA).
 * Fly's DNS may be some seconds behind. Runners are not among them: they have no name there. Empty when none runs.
 */
export async function members(options: MembersOptions = {}): Promise<readonly Member[]> {
  const app = options.app ?? process.env["FLY_APP_NAME"];
  if (typeof app !== "string" || !/^[a-z0-9-]+$/.test(app))
    throw new OptionError(
      "the option app of members() must be an app's name: it is FLY_APP_NAME on Fly, which is not set here",
    );
  const found = await Promise.all((await listed(app)).map((machine) => located(app, machine)));
  return found
    .filter((member) => member !== null)
    .filter(({ region }) => options.region === undefined || region === options.region);
}

async function listed(app: string): Promise<{ id: string; region: string }[]> {
  const records = await orNone(resolveTxt(`vms.${app}.internal`));
  // A long record comes in pieces of 255 bytes, anywhere.
  return records
    .flatMap((pieces) => pieces.join("").split(","))
    .map((entry) => entry.trim().split(/\s+/))
    .filter((words): words is [string, string] => words.length === 2)
    .map(([id, region]) => ({ id, region }));
}

/** Null for a machine that has stopped meanwhile. */
async function located(app: string, machine: { id: string; region: string }): Promise<Member | null> {
  const [address] = await orNone(resolve6(`${machine.id}.vm.${app}.internal`));
  return address === undefined ? null : { ...machine, address };
}

async function orNone<T>(records: Promise<T[]>): Promise<T[]> {
  try {
    return await records;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTFOUND" || code === "ENODATA") return [];
    throw error;
  }
}
