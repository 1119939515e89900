import { EventEmitter } from "node:events";
import { type Fault, Faults } from "../faults/faults.ts";
import type { Guardian } from "../guests/guardian.ts";
import type { PrivateNetwork } from "../network/network.ts";
import { App } from "./app.ts";
import type { Clock } from "./clock.ts";
import { randomName, ulid } from "./ids.ts";
import { Images } from "./images.ts";
import { type LogLine, Logs } from "./logs.ts";
import type { Machine } from "./machine.ts";
import type { MachineState } from "./machine-state.ts";
import { Refusal, notFound } from "./refusal.ts";
import { placeFiles } from "./root-files.ts";
import type { Times } from "./times.ts";

/** What happens in the emulator. Listeners run in the step that caused the event: they must not throw, nor take long. */
export interface WorldEvents {
  /** A machine has another state (or something else that can be seen of it, such as `cordoned`); the state before. */
  machine: [Machine, MachineState];
  /** An app was made or deleted. */
  app: [App, "created" | "deleted"];
  log: [LogLine];
  fault: [Fault, "added" | "struck" | "removed"];
  /** A call of the Machines API was answered. */
  call: [ApiCall];
}

export interface ApiCall {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  /** How long it took, in ms. */
  readonly ms: number;
  /** What it was refused with. */
  readonly error?: string;
}

export interface WorldInit {
  /** Unique among the emulators of this host. */
  readonly id: string;
  readonly clock: Clock;
  readonly times: Times;
  /** Where machines and volumes have their folders; removed at the end. */
  readonly folder: string;
  readonly network: PrivateNetwork;
  readonly guardian: Guardian;
  /** The region where this host stands: where what names no region goes. */
  readonly homeRegion: string;
}

/** All of Fly that there is here: apps, their machines, images, faults. The API, the proxy and the DNS look at this. */
export class World {
  readonly id: string;
  readonly clock: Clock;
  readonly times: Times;
  readonly folder: string;
  readonly network: PrivateNetwork;
  readonly guardian: Guardian;
  readonly homeRegion: string;
  readonly events: EventEmitter<WorldEvents> = new EventEmitter<WorldEvents>();
  readonly apps: Map<string, App> = new Map();
  readonly images: Images = new Images();
  readonly logs: Logs = new Logs();
  readonly faults: Faults;
  /** Added to the environment of every machine: what only an emulator has to tell. */
  readonly extraEnv: Record<string, string> = {};
  /** Called when a machine's root has been made, before its process starts. */
  onPrepareRoot: (machine: Machine) => void = () => {};
  /** Set when the emulator ends: nothing is started any more, whoever asks for it. */
  ending = false;
  #appNumber = 1000;

  constructor(init: WorldInit) {
    this.id = init.id;
    this.clock = init.clock;
    this.times = init.times;
    this.folder = init.folder;
    this.network = init.network;
    this.guardian = init.guardian;
    this.homeRegion = init.homeRegion;
    this.faults = new Faults(this.events as unknown as EventEmitter<Pick<WorldEvents, "fault">>);
    this.events.setMaxListeners(0);
  }

  /** Throws what Fly answers where there is none. */
  app(name: string): App {
    const app = this.apps.get(name);
    if (app === undefined) throw notFound("app");
    return app;
  }

  createApp({ name = randomName(), org, network = "" }: { name?: string; org: string; network?: string }): App {
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
      throw new Refusal(422, "Validation failed: Name may only contain numbers, lowercase letters and dashes");
    if (this.apps.has(name)) throw new Refusal(422, "Validation failed: Name has already been taken", "name_taken");
    const now = this.clock.now();
    const id = ulid(now).toLowerCase();
    const app = new App({
      id,
      number: ++this.#appNumber,
      name,
      org,
      network: network === "" ? "default" : network,
      createdAt: now,
    });
    this.apps.set(name, app);
    this.events.emit("app", app, "created");
    return app;
  }

  /** Destroys its machines first. */
  async deleteApp(app: App): Promise<void> {
    this.apps.delete(app.name);
    for (const machine of app.living) machine.life.destroy(true);
    this.events.emit("app", app, "deleted");
    await Promise.all(app.living.map((machine) => machine.until(({ state }) => state === "destroyed")));
  }

  /** The machines of an app that are not destroyed; of all apps, without a name. */
  machines(appName?: string): Machine[] {
    const apps = appName === undefined ? [...this.apps.values()] : [this.apps.get(appName)];
    return apps.flatMap((app) => app?.living ?? []);
  }

  /** Lets go of all machines; the guardian ends them. */
  abandon(): void {
    this.ending = true;
    for (const machine of this.machines()) machine.life.abandon();
  }

  log(machine: Machine, stream: LogLine["stream"], text: string): void {
    this.logLine({ app: machine.app.name, machine: machine.id, region: machine.region, stream, text });
  }

  logLine(line: Omit<LogLine, "timestamp">): void {
    const full = { timestamp: this.clock.now(), ...line };
    this.logs.add(full);
    this.events.emit("log", full);
  }

  /** Puts the files and volumes of a machine below the folder that stands for its root. */
  prepareRoot(machine: Machine, folder: string): void {
    placeFiles(machine, folder);
    this.onPrepareRoot(machine);
  }

  /** A machine is destroyed: its address and volumes are free, and after a while nobody can read of it any more. */
  buried(machine: Machine): void {
    this.network.release(machine.address);
    for (const volume of machine.app.volumes.values()) if (volume.machine === machine.id) volume.machine = null;
    this.clock.setTimer(this.times.destroyedReadable, () => machine.app.machines.delete(machine.id));
  }
}
