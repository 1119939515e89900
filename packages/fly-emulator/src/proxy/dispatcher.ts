import type { App } from "../world/app.ts";
import type { Machine } from "../world/machine.ts";
import type { World } from "../world/world.ts";
import type { Loads } from "./loads.ts";
import type { ProxySettings } from "./options.ts";
import { Patience, untilCalled } from "./patience.ts";
import { type Candidate, route, type Route, type RouteWish } from "./route.ts";
import { httpService, type HttpService } from "./service.ts";
import { Trouble } from "./trouble.ts";
import type { Waker } from "./waker.ts";

/** A machine that a request has got. */
export interface Place {
  readonly machine: Machine;
  readonly service: HttpService;
  /** The machine that was preferred to this one, and could not be had. */
  readonly preferredUnavailable: string | undefined;
  /** Whether the request waited for its start. */
  readonly woken: boolean;
  /** Gives it back. */
  release(): void;
}

/** What a request is looking for. */
export interface Search {
  readonly app: App;
  /** The public port that its service must have, if the client said one. */
  readonly port: number | undefined;
  readonly wish: RouteWish;
  /** Whether a machine may be started for it, and whether it waits while all are full. */
  readonly patient: boolean;
  readonly signal: AbortSignal;
}

/** States from which a request gets a machine to `started`, by a start or by waiting. */
const STARTABLE = new Set(["stopped", "suspended", "stopping", "suspending"]);
const ON_ITS_WAY = new Set(["starting", "restarting"]);
/** Not there yet, and perhaps never: worth waiting for when there is nothing else. */
const LAST_HOPE = new Set(["created", "replacing"]);

/** Finds machines for requests, starts them, and lets requests wait while all are full. */
export class Dispatcher {
  /** Machines that are about to be stopped: they get nothing new. */
  readonly draining: Set<string> = new Set();
  readonly #world: World;
  readonly #settings: ProxySettings;
  readonly #loads: Loads;
  readonly #waker: Waker;
  readonly #report: (app: App, machine: Machine | null, trouble: Trouble) => void;

  constructor(
    world: World,
    settings: ProxySettings,
    parts: { loads: Loads; waker: Waker; report: (app: App, machine: Machine | null, trouble: Trouble) => void },
  ) {
    this.#world = world;
    this.#settings = settings;
    this.#loads = parts.loads;
    this.#waker = parts.waker;
    this.#report = parts.report;
  }

  /**
   * Gets a machine, started and with a place kept for the request.
   *
   * @throws {Trouble} PR01 when none fits, PR04 when all were full (for too long, if patient), or why a start failed; and
   * the reason of `search.signal`.
   */
  async find(search: Search): Promise<Place> {
    const { queueTimeout } = this.#settings;
    using queue = new Patience(
      this.#world.clock,
      queueTimeout,
      search.signal,
      () => new Trouble("PR04", "all are full"),
    );
    const failed = new Set<string>(search.wish.except);
    let trouble: Trouble | null = null;
    for (;;) {
      search.signal.throwIfAborted();
      const chosen = this.#route(search, failed);
      if ("no" in chosen) {
        if (chosen.no === "none") throw trouble ?? new Trouble("PR01", whyNone(search));
        if (!search.patient) throw new Trouble("PR04", "all are full");
        await untilCalled((call) => this.#onChange(call), queue.signal);
        continue;
      }
      const id = "to" in chosen ? chosen.to : chosen.wake;
      const machine = search.app.machine(id);
      const service = httpService(machine.config, search.port) as HttpService;
      const release = this.#loads.take(id);
      const woken = machine.state !== "started" || this.#waker.waking(machine);
      try {
        if (woken) await abortable(this.#waker.wake(machine), search.signal);
        return { machine, service, woken, release, preferredUnavailable: chosen.preferredUnavailable };
      } catch (error) {
        release();
        if (!(error instanceof Trouble)) throw error;
        this.#report(search.app, machine, error);
        trouble = error;
        failed.add(id);
      }
    }
  }

  #route(search: Search, except: ReadonlySet<string>): Route {
    const chosen = this.#routeAmong(search, except, false);
    const hopeless = "no" in chosen && chosen.no === "none" && search.patient;
    return hopeless ? this.#routeAmong(search, except, true) : chosen;
  }

  #routeAmong(search: Search, except: ReadonlySet<string>, hope: boolean): Route {
    const candidates = search.app.living.map((machine) => this.#candidate(machine, search, hope));
    const found = candidates.filter((each) => each !== null);
    return route(found, { ...search.wish, except }, this.#settings.random);
  }

  #candidate(machine: Machine, { port, patient }: Search, hope: boolean): Candidate | null {
    const service = httpService(machine.config, port);
    if (service === null) return null;
    const { id, region } = machine;
    const late = hope && LAST_HOPE.has(machine.state) && machine.hostStatus === "ok" && !machine.cordoned;
    const status = late ? "startable" : this.#status(machine, service, patient);
    return { id, region, status, load: this.#loads.of(id), softLimit: service.softLimit, hardLimit: service.hardLimit };
  }

  #status(machine: Machine, service: HttpService, patient: boolean): Candidate["status"] {
    const { state } = machine;
    if (machine.cordoned || machine.hostStatus !== "ok" || this.draining.has(machine.id)) return "unavailable";
    if (this.#waker.waking(machine)) return "running";
    if (state === "started") return machine.healthy ? "running" : "unavailable";
    if (ON_ITS_WAY.has(state)) return patient ? "startable" : "unavailable";
    return patient && service.autostart && STARTABLE.has(state) ? "startable" : "unavailable";
  }

  #onChange(call: () => void): () => void {
    const stop = this.#loads.onRelease(call);
    this.#world.events.on("machine", call);
    return () => {
      stop();
      this.#world.events.off("machine", call);
    };
  }
}

/** What Fly does not say: that a config has nothing to route to is the commonest reason, and the easiest to miss. */
function whyNone({ app, port }: Search): string | undefined {
  if (app.living.length === 0) return `${app.name} has no machines`;
  if (app.living.some(({ config }) => httpService(config, port) !== null)) return undefined;
  return `no machine of ${app.name} has a service with an http handler${port === undefined ? "" : ` on port ${port}`}`;
}

/** The promise, or the reason of `signal` when that aborts first; what the promise stands for goes on. */
async function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  await Promise.race([promise, untilCalled(() => () => {}, signal)]);
}
