import { EventEmitter } from "node:events";
import type { Machine } from "../world/machine.ts";
import { Refusal } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import { Patience, pause } from "./patience.ts";
import { Trouble } from "./trouble.ts";

/** Fly refuses a start for a moment after a stop; this is how long the proxy waits before it asks again. */
const ASK_AGAIN_MS = 100;

/** States in which there is nothing to do but to wait for the next one. */
const PASSING: ReadonlySet<string> = new Set(["stopping", "created", "replacing"]);

/** Starts machines for requests. All who want the same machine share one start. */
export class Waker {
  /** `wake`: a start was asked for. */
  readonly events: EventEmitter<{ wake: [Machine] }> = new EventEmitter();
  readonly #world: World;
  readonly #timeout: number;
  readonly #wakes = new Map<string, Promise<void>>();

  constructor(world: World, timeout: number) {
    this.#world = world;
    this.#timeout = timeout;
  }

  /** Whether it is being started, by this. */
  waking(machine: Machine): boolean {
    return this.#wakes.has(machine.id);
  }

  /**
   * Resolves when it has started and its checks pass, whoever started it.
   *
   * @throws {Trouble} PM01, PM03 or PM07.
   */
  wake(machine: Machine): Promise<void> {
    let wake = this.#wakes.get(machine.id);
    if (wake === undefined) {
      wake = this.#wake(machine).finally(() => this.#wakes.delete(machine.id));
      this.#wakes.set(machine.id, wake);
      // Whoever waits hears of it; that nobody may wait any more is no reason to end the process.
      wake.catch(() => {});
    }
    return wake;
  }

  async #wake(machine: Machine): Promise<void> {
    const never = new AbortController().signal;
    const timeout = (): Trouble => new Trouble("PM03", machine.id);
    using patience = new Patience(this.#world.clock, this.#timeout, never, timeout);
    const { signal } = patience;
    for (;;) {
      await machine.until(({ state }) => !PASSING.has(state), signal);
      if (machine.state === "starting" || machine.state === "restarting" || machine.state === "started") break;
      try {
        machine.life.start();
        this.events.emit("wake", machine);
        break;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (!error.message.includes("still active")) throw new Trouble("PM01", error.message);
        await pause(this.#world.clock, ASK_AGAIN_MS, signal);
      }
    }
    await machine.until(({ state }) => !["starting", "restarting"].includes(state), signal);
    // A service with checks gets its first request when they pass.
    await machine.until(({ state, healthy }) => state !== "started" || healthy, signal);
    if (machine.state !== "started") throw new Trouble("PM07", `${machine.id} is ${machine.state}`);
  }
}
