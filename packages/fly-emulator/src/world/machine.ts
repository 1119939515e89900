import type { MachineAddress } from "../network/network.ts";
import type { App } from "./app.ts";
import type { Image } from "./images.ts";
import { ulid } from "./ids.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { MachineConfig } from "./machine-config.ts";
import type { MachineEvent, MachineState } from "./machine-state.ts";
import type { World } from "./world.ts";

/** Who may change a machine for now. */
export interface Lease {
  readonly nonce: string;
  readonly owner: string;
  readonly description: string;
  /** ms since the epoch. */
  readonly expiresAt: number;
}

/** The latest result of one health check. */
export interface CheckResult {
  readonly status: "passing" | "warning" | "critical";
  readonly output: string;
  /** ms since the epoch. */
  readonly updatedAt: number;
  /** Whether Fly Proxy looks at it: checks of services, and those of kind `readiness`. */
  readonly routing: boolean;
}

export interface MachineInit {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly config: MachineConfig;
  readonly image: Image;
  readonly address: MachineAddress;
  readonly cordoned: boolean;
  readonly skipSecrets: boolean;
}

/** How many events a machine keeps. */
const EVENTS_KEPT = 50;

/** A machine: what is known of it. `life` is what can be done with it. */
export class Machine {
  readonly id: string;
  readonly name: string;
  readonly app: App;
  readonly region: string;
  readonly createdAt: number;
  readonly life: Lifecycle;
  readonly address: MachineAddress;
  readonly #world: World;
  config: MachineConfig;
  image: Image;
  /** Of the current version: another one after each update. */
  instanceId: string;
  readonly versions: { version: string; config: MachineConfig }[];
  state: MachineState = "created";
  updatedAt: number;
  /** Newest first, as the API tells them. */
  readonly events: MachineEvent[] = [];
  /** Whether Fly Proxy leaves it alone. */
  cordoned: boolean;
  /** Whether its processes do without the secrets of the app. */
  skipSecrets: boolean;
  lease: Lease | null = null;
  hostStatus: "ok" | "unreachable" = "ok";
  memoryLimitMb: number | null = null;
  /** How its health checks stand, by name. Empty where it has none. */
  readonly checks: Map<string, CheckResult> = new Map();

  constructor(world: World, app: App, init: MachineInit) {
    this.#world = world;
    this.app = app;
    this.id = init.id;
    this.name = init.name;
    this.region = init.region;
    this.config = init.config;
    this.image = init.image;
    this.address = init.address;
    this.cordoned = init.cordoned;
    this.skipSecrets = init.skipSecrets;
    this.createdAt = world.clock.now();
    this.updatedAt = this.createdAt;
    this.instanceId = ulid(this.createdAt);
    this.versions = [{ version: this.instanceId, config: init.config }];
    this.life = new Lifecycle(world, this);
  }

  /** Its address in the private network; what listens for other machines listens there. */
  get privateIp(): string {
    return this.address.privateIp;
  }

  /** Where Fly Proxy reaches what listens in it. */
  get serviceIp(): string {
    return this.address.serviceIp;
  }

  /** Whether all the checks that Fly Proxy looks at pass. True without any. */
  get healthy(): boolean {
    return [...this.checks.values()].every(({ routing, status }) => !routing || status === "passing");
  }

  /** A new version, with a config that replaces the whole of the old one. */
  replaceConfig(config: MachineConfig, image: Image): void {
    this.config = config;
    this.image = image;
    this.instanceId = ulid(this.#world.clock.now());
    this.versions.unshift({ version: this.instanceId, config });
  }

  /** Takes another state, and tells everybody. */
  become(state: MachineState, event?: Pick<MachineEvent, "type" | "status" | "source" | "request">): void {
    const previous = this.state;
    this.state = state;
    this.updatedAt = this.#world.clock.now();
    if (event !== undefined) this.note(event);
    this.#world.events.emit("machine", this, previous);
  }

  /** Records an event without a change of state. */
  note(event: Pick<MachineEvent, "type" | "status" | "source" | "request">): void {
    const now = this.#world.clock.now();
    this.events.unshift({ id: ulid(now), timestamp: now, ...event });
    this.events.length = Math.min(this.events.length, EVENTS_KEPT);
  }

  /** Resolves as soon as `test` holds, looking at every change of state, and rejects when `signal` aborts. */
  async until(test: (machine: Machine) => boolean, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (test(this)) return;
    const { events } = this.#world;
    await new Promise<void>((resolve, reject) => {
      const look = (machine: Machine): void => {
        if (machine !== this || !test(this)) return;
        stop();
        resolve();
      };
      const abort = (): void => {
        stop();
        reject(signal?.reason as Error);
      };
      const stop = (): void => {
        events.off("machine", look);
        signal?.removeEventListener("abort", abort);
      };
      events.on("machine", look);
      signal?.addEventListener("abort", abort);
    });
  }
}
