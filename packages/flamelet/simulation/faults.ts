import type { PoolOptions } from "../src/options.ts";
import type { PoolCore } from "../src/pool/pool.ts";
import type { Worker } from "../src/runner/work.ts";
import type { SimulatedMachine } from "./machine.ts";
import type { SimulatedSocket } from "./network.ts";
import type { Provider } from "./provider.ts";
import type { SimulatedSeats } from "./seats.ts";
import { Thread } from "./thread.ts";
import { CALM, type Rates, type World } from "./world.ts";

/** What can happen to a system that runs, besides what its provider does. */
export const FAULTS = [
  "crash",
  "vanish",
  "freeze",
  "block",
  "cut",
  "cutWatchdog",
  "lose",
  "loseOneWay",
  "stall",
  "stop",
  "pauseParent",
  "stranger",
  "update",
] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultProfile {
  /** Which of them happen in this history, and how often one does, in ms. */
  readonly kinds: readonly Fault[];
  readonly every: number;
  readonly rates: Rates;
}

/** Chooses which faults there are: each history has some of them, so that no fault always hides another. */
export function faultProfile(random: World["random"]): FaultProfile {
  const kinds = FAULTS.filter(() => random.chance(0.4));
  const rates: Rates = { ...CALM };
  if (random.chance(0.6)) {
    for (const name of Object.keys(rates) as (keyof Rates)[]) {
      if (random.chance(0.3)) rates[name] = random.between(0.02, 0.4);
    }
  }
  return { kinds, every: random.duration(300, 10_000), rates };
}

/** Breaks things, until it is told to stop. */
export class Faults {
  /** Whether it has broken anything yet. */
  disturbed = false;
  readonly #world: World;
  readonly #profile: FaultProfile;
  readonly #provider: Provider;
  readonly #seats: SimulatedSeats;
  readonly #core: PoolCore<Worker>;
  #over = false;
  #pausedUntil = 0;
  #pausedSince = 0;

  constructor(
    world: World,
    profile: FaultProfile,
    on: { provider: Provider; seats: SimulatedSeats; core: PoolCore<Worker> },
  ) {
    this.#world = world;
    this.#profile = profile;
    this.#provider = on.provider;
    this.#seats = on.seats;
    this.#core = on.core;
    world.rates = { ...profile.rates };
  }

  start(): void {
    if (this.#profile.kinds.length === 0) return;
    const { scheduler, random } = this.#world;
    scheduler.after(random.duration(10, 2 * this.#profile.every), () => {
      if (this.#over) return;
      this.#strike(random.pick(this.#profile.kinds));
      this.start();
    });
  }

  /** Nothing goes wrong any more, and what was paused goes on. What is lost stays so. */
  stop(): void {
    this.#over = true;
    this.#world.rates = { ...CALM };
    this.#world.parent.thaw();
    for (const { main, watchdog } of this.#provider.machines) {
      main.thaw();
      watchdog.thaw();
    }
    this.#world.log("faults", "stop");
  }

  #strike(fault: Fault): void {
    const { random, parent } = this.#world;
    if (fault === "pauseParent") return this.#pauseParent();
    if (fault === "stranger") return this.#stranger();
    if (fault === "update") return void this.#world.scheduler.after(0, () => this.#update(), parent);
    const machines = [...this.#provider.machines].filter((machine) => machine.startedAt !== null);
    if (machines.length === 0) return;
    this.disturbed = true;
    const machine = random.pick(machines);
    this.#world.log("faults", `${fault} ${machine.id}`);
    this.#hit(machine, fault);
  }

  #hit(machine: SimulatedMachine, fault: Exclude<Fault, "pauseParent" | "stranger" | "update">): void {
    const { random } = this.#world;
    const links = [machine.link("main"), machine.link("watchdog")].filter((link) => link !== null);
    switch (fault) {
      case "crash":
      case "vanish":
        machine.touch(fault);
        return machine.die({ code: null, signal: "SIGKILL" }, "it is killed from outside", fault === "vanish");
      case "freeze": {
        const ms = random.duration(100, 20_000);
        machine.quiet(ms);
        machine.main.freeze(ms);
        return machine.watchdog.freeze(ms);
      }
      case "block":
        return machine.block(random.duration(100, 20_000));
      case "cut":
        machine.touch(fault);
        return machine.link("main")?.reset(random.chance(0.5));
      case "cutWatchdog":
        machine.quiet(1_000);
        return machine.link("watchdog")?.reset(random.chance(0.5));
      case "lose":
        machine.touch(fault);
        for (const link of links) lose(link, link.peer);
        return;
      case "loseOneWay": {
        machine.touch(fault);
        const link = links.length > 0 ? random.pick(links) : null;
        if (link !== null) lose(random.chance(0.5) ? link : link.peer);
        return;
      }
      case "stall": {
        const ms = random.duration(100, 12_000);
        machine.quiet(ms);
        for (const link of links) if (random.chance(0.7)) link.wire.stall(ms);
        return;
      }
      case "stop":
        return machine.stop();
    }
  }

  /** For a moment; for longer than a silence and shorter than a lease, which must cost nothing; or for too long. */
  #pauseParent(): void {
    const { now, parent, random } = this.#world;
    // A pause that is made longer again and again is always one that is too long.
    if (parent.frozenAt !== null) return;
    const ms = Math.round(
      random.between(
        ...random.pick<[number, number]>([
          [100, 3_000],
          [5_200, 7_500],
          [5_200, 7_500],
          [8_000, 25_000],
        ]),
      ),
    );
    this.disturbed = true;
    this.#world.log("faults", `pause the parent for ${ms} ms`);
    // One pause after the other may be too long for a lease, though none of them is.
    if (now > this.#pausedUntil + 2_000) this.#pausedSince = now;
    this.#pausedUntil = Math.max(this.#pausedUntil, now + ms);
    if (this.#pausedUntil - this.#pausedSince > 8_000) {
      for (const machine of this.#provider.machines) machine.touch("its parent was paused");
    }
    parent.freeze(ms);
  }

  /** Somebody dials in who is no runner: says nothing, or something that is no handshake. */
  #stranger(): void {
    const { random, scheduler } = this.#world;
    const thread = new Thread("stranger", scheduler, random);
    void this.#seats.dial(thread).then((socket) => {
      if (socket === null) return;
      const bytes = new Uint8Array(random.int(0, 600)).map(() => random.int(0, 255));
      if (random.chance(0.5)) bytes.set(Buffer.from("FLAM").subarray(0, bytes.length));
      if (bytes.length > 0) socket.write([bytes]);
      if (random.chance(0.3)) socket.destroy();
    });
  }

  #update(): void {
    const { random } = this.#world;
    const { options } = this.#core;
    const max = random.int(1, 5);
    const change: PoolOptions = random.pick([
      { max, min: Math.min(options.min, max), buffer: 0 },
      { min: random.int(0, options.max) },
      { maxConcurrency: random.int(1, 4), buffer: 0 },
      { buffer: random.int(0, Math.min(2, options.max * options.maxConcurrency)) },
      { idleShutdownAfter: random.duration(100, 10_000) },
      { placement: random.pick(["pack", "spread"]) },
      { maxQueue: random.int(0, 20) },
      { shutdownTimeout: random.duration(100, 20_000) },
    ]);
    this.#world.log("parent", `updates its pool: ${JSON.stringify(change)}`);
    this.#core.update(change);
  }
}

function lose(...ends: SimulatedSocket[]): void {
  for (const end of ends) end.wire.lose(end);
}
