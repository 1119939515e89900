import type { ServerResponse } from "node:http";
import type { Fault } from "../faults/faults.ts";
import type { FlyProxy } from "../proxy/proxy.ts";
import type { ProxyEvent } from "../proxy/proxy-events.ts";
import type { App } from "../world/app.ts";
import type { Timer } from "../world/clock.ts";
import { systemClock } from "../world/clock.ts";
import type { Machine } from "../world/machine.ts";
import type { World } from "../world/world.ts";

/** Above this many bytes that a page has not read yet, it is not told of single requests. */
const BEHIND = 256 * 1024;
/** How often a page hears of loads, in ms. */
const LOADS_EVERY = 100;

/** What one open page is told, as server-sent events: first everything, then what changes. */
export class PageFeed {
  readonly #world: World;
  readonly #proxy: FlyProxy;
  readonly #to: ServerResponse;
  #loads = new Map<string, number>();
  #timer: Timer | null = null;

  constructor({ world, proxy }: { world: World; proxy: FlyProxy }, to: ServerResponse) {
    this.#world = world;
    this.#proxy = proxy;
    this.#to = to;
    this.#send("state", this.#state());
    world.events.on("machine", this.#machine);
    world.events.on("app", this.#app);
    world.events.on("fault", this.#fault);
    proxy.events.on("event", this.#event);
  }

  close(): void {
    const { events } = this.#world;
    events.off("machine", this.#machine);
    events.off("app", this.#app);
    events.off("fault", this.#fault);
    this.#proxy.events.off("event", this.#event);
    this.#timer?.cancel();
  }

  #machine = (machine: Machine): void => this.#send("machine", this.#view(machine));

  #app = ({ name }: App, what: "created" | "deleted"): void => this.#send("app", { name, what });

  #fault = (_fault: Fault, _what: string): void => this.#send("faults", this.#world.faults.list());

  #event = (event: ProxyEvent): void => {
    if (this.#to.writableLength < BEHIND) this.#send("proxy", event);
    this.#timer ??= systemClock.setTimer(LOADS_EVERY, () => this.#tellLoads());
  };

  #tellLoads(): void {
    this.#timer = null;
    const loads = new Map(this.#world.machines().map(({ id }) => [id, this.#proxy.load(id)]));
    const changed = [...loads].filter(([id, load]) => load !== (this.#loads.get(id) ?? 0));
    this.#loads = loads;
    if (changed.length > 0) this.#send("loads", Object.fromEntries(changed));
  }

  #state(): object {
    const world = this.#world;
    return {
      apps: [...world.apps.keys()],
      machines: world.machines().map((machine) => this.#view(machine)),
      faults: world.faults.list(),
      proxy: this.#proxy.url,
    };
  }

  #view(machine: Machine): object {
    const { id, name, app, region, state, privateIp, cordoned, hostStatus, healthy } = machine;
    const checked = machine.checks.size > 0;
    const load = this.#proxy.load(id);
    return { id, name, app: app.name, region, state, privateIp, cordoned, hostStatus, checked, healthy, load };
  }

  #send(event: string, data: object): void {
    this.#to.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
