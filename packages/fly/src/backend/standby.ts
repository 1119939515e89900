import { randomBytes } from "node:crypto";
import type { Machine, MachineSpec, StandbyKey, StandbyMachine, StandbyMachines } from "flamelet";
import { FlyConflictError, FlyNotFoundError, FlyWaitTimeoutError } from "../api/errors.ts";
import type { Machines } from "../api/machines.ts";
import type { FlyMachine, MachineConfig } from "../api/types.ts";
import { createMachine, destroyMachine } from "./create.ts";
import { exitOf } from "./exit.ts";
import { bootError } from "./failures.ts";
import { CLAIM, isLoaded, isParked, LOADING, PARKED, STANDBY, standbyTags, tagOfName, TAKEN } from "./tags.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** How long a claim may take, in seconds: by then a parent that died in the middle of it has let go. */
const LEASE = 60;
/** For how long a machine is started again that Fly does not let start yet, in ms, and how long between. */
const START_PATIENCE = 10_000;
const START_PAUSE = 250;

/** What a suspended machine runs until it is claimed: `claim.ts`. */
const CLAIM_MODULE = "@flamelet/fly/claim";
/** How long between two looks whether an app is loaded, in ms. */
const LOAD_PAUSE = 250;

/** What standby machines are made with. */
export interface StandbyDeps {
  readonly machines: Machines;
  readonly regions: readonly string[];
  /** A machine's config, without what tells standby machines from others. */
  readonly config: (spec: MachineSpec) => Promise<MachineConfig>;
}

/** A machine in store, as it was when it was looked at. */
interface Known extends StandbyMachine {
  readonly version: string;
  readonly mode: StandbyKey["mode"];
}

/**
 * Stopped or suspended machines of the running image. One is taken under its lease; a stopped one by the version that it had
 * when it was looked at besides, a suspended one if its metadata says that nobody has it. So whoever comes second is
 * refused. A stopped one gets a new config, with the environment of the boot, since a machine boots with that. All these
 * calls have a rate limit for each machine: any number of machines are started at once.
 */
export class FlyStandby implements StandbyMachines {
  readonly #deps: StandbyDeps;

  constructor(deps: StandbyDeps) {
    this.#deps = deps;
  }

  async list(key: StandbyKey): Promise<readonly Known[]> {
    const listed = await this.#deps.machines.list({ metadata: { [STANDBY]: PARKED[key.mode] } });
    // A suspended machine that lost its snapshot is a stopped one: it boots, and then does the same.
    const asleep = listed.filter(({ state }) => state === "stopped" || state === key.mode);
    return asleep.filter((machine) => isParked(machine, key)).map((machine) => known(machine, key.mode));
  }

  async prepare(key: StandbyKey, signal: AbortSignal): Promise<Known> {
    const { machines, regions } = this.#deps;
    const name = `${key.pool.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-standby-${randomBytes(4).toString("hex")}`;
    const { pool, buildId, mode } = key;
    const spec: MachineSpec = { pool, buildId, name, parentId: "", epoch: 0, env: {}, onOutput() {} };
    const made = await this.#deps.config(spec);
    const suspended = mode === "suspended";
    const later = { claim: CLAIM_MODULE, pool, backend: "fly", buildId };
    const config = {
      ...made,
      auto_destroy: false,
      metadata: {
        ...without(made.metadata),
        ...tagOfName(name),
        ...standbyTags(key, suspended ? LOADING : PARKED.stopped),
      },
      // Should anybody else start a stopped one, it must not believe to be the app.
      env: {
        ...made.env,
        ...(suspended ? { FLAME_STANDBY: JSON.stringify(later) } : { FLAME_PARENT: "this machine is in store" }),
      },
    };
    const isOurs = (machine: FlyMachine): boolean => isParked(machine);
    const { id } = await createMachine(machines, spec, { config, regions, skipLaunch: !suspended, isOurs }, signal);
    try {
      await (suspended ? this.#fallAsleep(id, signal) : this.#reaches(id, "stopped", signal));
      return known(await machines.get(id), mode);
    } catch (error) {
      void destroyMachine(machines, id).catch(() => {});
      throw error;
    }
  }

  async start(standby: StandbyMachine, spec: MachineSpec, signal: AbortSignal): Promise<Machine | null> {
    signal.throwIfAborted();
    const { machines } = this.#deps;
    const destroy = async (taken: boolean): Promise<void> => (taken ? destroyMachine(machines, standby.id) : undefined);
    const taken = await unlessAborted(this.#take(standby as Known, spec), signal, destroy);
    return taken ? { id: standby.id, exited: exitOf(machines, standby.id) } : null;
  }

  async park({ id }: Pick<Machine, "id">): Promise<Known | null> {
    const { machines } = this.#deps;
    const machine = await machines.get(id);
    // One that was suspended would have to load its app again: another one is as good.
    if (machine.state !== "stopped" || isLoaded(machine)) return null;
    await machines.setMetadata(id, STANDBY, PARKED.stopped);
    return known(machine, "stopped");
  }

  /** Gives whether it is this boot's now. */
  async #take(standby: Known, spec: MachineSpec): Promise<boolean> {
    const { machines } = this.#deps;
    const { id, mode } = standby;
    const config = await this.#deps.config(spec);
    let nonce: string | undefined;
    try {
      ({ nonce } = await machines.lease(id, LEASE, `flamelet: claimed for ${spec.name}`));
      const claiming = mode === "stopped" ? this.#change(standby, spec, config, nonce) : this.#tell(id, spec, config);
      const claimed = await claiming.catch((error: unknown) => {
        if (isLost(error)) return false;
        throw error;
      });
      if (!claimed) return false;
      await this.#startNow(id, nonce);
      return true;
    } catch (error) {
      if (nonce === undefined && isLost(error)) return false;
      throw bootError(spec.name, error as Error);
    } finally {
      if (nonce !== undefined) this.#release(id, nonce);
    }
  }

  /** A stopped machine gets the config of the boot. Refused when its version is not the one that was looked at. */
  async #change({ id, version }: Known, spec: MachineSpec, made: MachineConfig, nonce: string): Promise<boolean> {
    const { machines } = this.#deps;
    const metadata = { ...made.metadata, ...standbyTags(spec, TAKEN) };
    const config = { ...made, auto_destroy: false, metadata };
    await machines.update(id, { config, current_version: version, skip_launch: true }, { nonce });
    // A start while the config is being replaced may be accepted and forgotten.
    await this.#reaches(id, "stopped");
    return true;
  }

  /** A suspended one keeps its config, or it would lose its memory: its metadata tells it. Not while it is another's. */
  async #tell(id: string, spec: MachineSpec, made: MachineConfig): Promise<boolean> {
    const { machines } = this.#deps;
    const { pool, buildId } = spec;
    if (!isParked(await machines.get(id), { pool, buildId, mode: "suspended" })) return false;
    const parent = { [CLAIM]: spec.env["FLAME_PARENT"] ?? "" };
    await machines.patchMetadata(id, { ...made.metadata, ...standbyTags(spec, TAKEN), ...parent });
    return true;
  }

  /** Waits until its app is loaded, and suspends it. */
  async #fallAsleep(id: string, signal: AbortSignal): Promise<void> {
    const { machines } = this.#deps;
    for (;;) {
      const machine = await machines.get(id, { signal });
      if (isLoaded(machine)) break;
      if (machine.state === "stopped" || machine.state === "failed")
        throw new Error(
          `standby machine ${id} ended before its app was loaded: see fly logs. A suspended one also needs the package ` +
            "@flamelet/fly and the secret FLY_API_TOKEN",
        );
      await new Promise((resolve) => setTimeout(resolve, LOAD_PAUSE));
    }
    await machines.suspend(id, { signal });
    await this.#reaches(id, "suspended", signal);
    await machines.setMetadata(id, STANDBY, PARKED.suspended);
  }

  async #startNow(id: string, nonce: string): Promise<void> {
    const { machines } = this.#deps;
    for (const since = performance.now(); ;) {
      try {
        return await machines.start(id, { nonce });
      } catch (error) {
        if (!(error instanceof FlyConflictError) || error.reason !== "state") throw error;
        // An answer that was lost: it was started before.
        if (/still attempting to start/.test(error.message)) return;
        if (performance.now() - since > START_PATIENCE) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, START_PAUSE));
    }
  }

  async #reaches(id: string, state: "stopped" | "suspended", signal?: AbortSignal): Promise<void> {
    for (;;) {
      try {
        return await this.#deps.machines.wait(id, state, { signal });
      } catch (error) {
        if (!(error instanceof FlyWaitTimeoutError)) throw error;
      }
    }
  }

  #release(id: string, nonce: string): void {
    // It runs out by itself.
    void this.#deps.machines.releaseLease(id, nonce).catch(() => {});
  }
}

/** Whether the error says that another parent was first, or that there is nothing left to have. */
function isLost(error: unknown): boolean {
  return error instanceof FlyConflictError || error instanceof FlyNotFoundError;
}

function known({ id, instance_id: version }: FlyMachine, mode: StandbyKey["mode"]): Known {
  return { id, version, mode };
}

/** Nobody's machine has no parent. */
function without(metadata: MachineConfig["metadata"] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.startsWith("flame_")));
}
