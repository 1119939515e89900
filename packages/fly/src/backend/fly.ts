import type { Backend, Machine, MachineListing, MachineSpec, Network } from "flamelet";
import type { Machines } from "../api/machines.ts";
import type { FlyMachine, MachineConfig } from "../api/types.ts";
import { createMachine, destroyMachine } from "./create.ts";
import { exitOf } from "./exit.ts";
import { bootError } from "./failures.ts";
import { machineConfig } from "./machine-config.ts";
import { orphansAmong } from "./orphans.ts";
import { type FlyOptions, resolveOptions, type Settings } from "./options.ts";
import { FlyStandby } from "./standby.ts";
import { listingOf } from "./tags.ts";
import { unlessAborted } from "./unless-aborted.ts";

/**
 * Runners are Fly Machines: copies of the one that this process runs on. Throws an `OptionError` that names all that is
 * missing, when this process does not run on Fly and the options do not say what Fly's environment would.
 */
export function fly(options: FlyOptions = {}): Backend {
  return new FlyBackend(resolveOptions(options));
}

class FlyBackend implements Backend {
  readonly name = "fly";
  readonly network: Network;
  readonly #settings: Settings;
  readonly standby: FlyStandby;
  readonly #machines: Machines;
  #self: Promise<FlyMachine | null> | null = null;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#machines = settings.api.machines(settings.app);
    this.standby = new FlyStandby({
      machines: this.#machines,
      regions: settings.regions,
      config: (spec) => this.#config(spec),
    });
    this.network = networkOf(settings.host);
  }

  async provision(spec: MachineSpec, signal: AbortSignal): Promise<Machine> {
    signal.throwIfAborted();
    const { id } = await unlessAborted(this.#make(spec, signal), signal, (made) => this.destroy(made));
    return { id, exited: exitOf(this.#machines, id) };
  }

  async destroy({ id }: Pick<Machine, "id">): Promise<void> {
    await destroyMachine(this.#machines, id);
  }

  async list(): Promise<readonly MachineListing[]> {
    const machines = await this.#machines.list();
    return machines
      .filter(({ state }) => state !== "destroyed" && state !== "destroying")
      .map(listingOf)
      .filter((listing) => listing !== null);
  }

  async orphans(): Promise<readonly MachineListing[]> {
    return orphansAmong(await this.#machines.list(), this.#settings.api, Date.now());
  }

  async #make(spec: MachineSpec, signal: AbortSignal): Promise<FlyMachine> {
    const config = await this.#config(spec);
    return createMachine(this.#machines, spec, { config, regions: this.#settings.regions }, signal);
  }

  async #config(spec: MachineSpec): Promise<MachineConfig> {
    return machineConfig(this.#settings, spec, await this.#own(spec.name));
  }

  /** The machine that this process runs on. Asked for once, or again when that failed. */
  async #own(name: string): Promise<FlyMachine | null> {
    const { api, self } = this.#settings;
    if (self === null) return null;
    const asking = (this.#self ??= api.machines(self.app).get(self.id));
    try {
      return await asking;
    } catch (error) {
      if (this.#self === asking) this.#self = null;
      throw bootError(name, error as Error);
    }
  }
}

/** Fly's private network encrypts all that crosses it (WireGuard). No other network is known to. */
function networkOf(host: string): Network {
  const isPrivate = host === "fly-local-6pn" || host.toLowerCase().startsWith("fdaa:");
  return { kind: "tcp", host, ...(isPrivate ? { encrypted: true } : {}) };
}
