import type { Machine } from "../world/machine.ts";
import type { App } from "../world/app.ts";
import type { Timer } from "../world/clock.ts";
import { Refusal } from "../world/refusal.ts";
import { chooseToStop, type Stoppable } from "./autostop-choice.ts";
import type { ProxyContext } from "./context.ts";
import type { Loads } from "./loads.ts";
import { Patience, untilCalled } from "./patience.ts";
import { httpService } from "./service.ts";
import { Trouble } from "./trouble.ts";

/** Stops or suspends machines that requests do not need: one of each app in each pass. */
export class Autostop {
  readonly #context: ProxyContext;
  readonly #loads: Loads;
  readonly #closed = new AbortController();
  #timer: Timer | null = null;

  constructor(context: ProxyContext, loads: Loads) {
    this.#context = context;
    this.#loads = loads;
    this.#arm();
  }

  close(): void {
    this.#closed.abort(new Error("the proxy is closed"));
    this.#timer?.cancel();
  }

  #arm(): void {
    const { world, settings } = this.#context;
    this.#timer = world.clock.setTimer(settings.autostopInterval, () => {
      this.#arm();
      for (const app of world.apps.values()) this.#pass(app);
    });
  }

  #pass(app: App): void {
    const { draining } = this.#context.dispatcher;
    const running = app.living.filter((each) => each.state === "started" && !draining.has(each.id));
    const stoppable = running.flatMap((machine): Stoppable[] => {
      const service = httpService(machine.config);
      if (service === null || service.autostop === "off" || machine.hostStatus !== "ok") return [];
      const { id, region } = machine;
      return [{ id, region, load: this.#loads.of(id), softLimit: service.softLimit, minRunning: service.minRunning }];
    });
    const chosen = chooseToStop(stoppable, primaryRegion(app));
    if (chosen !== null) void this.#stop(app.machine(chosen));
  }

  /** Gives it nothing new, lets it end what it has for a while, and stops it. */
  async #stop(machine: Machine): Promise<void> {
    const { dispatcher, settings, world, tunnels } = this.#context;
    dispatcher.draining.add(machine.id);
    try {
      tunnels.goAway(machine.id);
      using patience = new Patience(world.clock, settings.autostopDrain, this.#closed.signal, () => new DrainOver());
      while (this.#loads.of(machine.id) > 0 && !patience.signal.aborted) {
        await untilCalled((call) => this.#loads.onRelease(call), patience.signal).catch(() => {});
      }
      if (this.#closed.signal.aborted || machine.state !== "started") return;
      const how = httpService(machine.config)?.autostop === "suspend" ? suspend(machine) : stop(machine);
      const { id, region, app } = machine;
      this.#context.tell({ type: how, at: world.clock.now(), app: app.name, machine: id, region });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#context.report(machine.app, machine, new Trouble("PM07", error.message), null);
    } finally {
      dispatcher.draining.delete(machine.id);
    }
  }
}

class DrainOver extends Error {}

/** What cannot be suspended is stopped. */
function suspend(machine: Machine): "suspend" | "stop" {
  try {
    machine.life.suspend();
    return "suspend";
  } catch (error) {
    if (error instanceof Refusal) return stop(machine);
    throw error;
  }
}

function stop(machine: Machine): "stop" {
  machine.life.stop();
  return "stop";
}

/** `PRIMARY_REGION` is what `fly deploy` makes of `primary_region`; an app without one has it where its oldest machine is. */
function primaryRegion(app: App): string | undefined {
  for (const { config } of app.living) {
    const region = config.env?.["PRIMARY_REGION"];
    if (region !== undefined) return region;
  }
  return [...app.living].sort((a, b) => a.createdAt - b.createdAt)[0]?.region;
}
