import { getEventListeners } from "node:events";
import { Pool } from "../src/pool-handle.ts";
import { type PoolOptions, resolvePoolOptions } from "../src/options.ts";
import { PoolCore } from "../src/pool/pool.ts";
import { Runner } from "../src/runner/runner.ts";
import type { StartRunner } from "../src/runner/runner-control.ts";
import type { Worker } from "../src/runner/work.ts";
import type { Bench } from "./call.ts";
import { faultProfile, Faults } from "./faults.ts";
import { testifyTo } from "./functions.ts";
import type { Mutation } from "./mutation.ts";
import { PoolModel } from "./model.ts";
import { Provider, type ProviderProfile } from "./provider.ts";
import { Random } from "./random.ts";
import { SimulatedSeats } from "./seats.ts";
import { userProfile, Users } from "./users.ts";
import { type Violation, World } from "./world.ts";

/** How long a runner lives without its parent, in ms, and what timers and the network may add to that. */
const LEASE = 15_000;
const LEASE_SLACK = 1_500;
/** How long the end of a pool may take beyond its `shutdownTimeout`, in ms: for machines that do not tell of their end. */
const END_SLACK = 15_000;

export interface HistoryResult {
  readonly seed: number;
  readonly violation: Violation | null;
  /** What happened, line by line; empty unless asked for. */
  readonly lines: readonly string[];
  /** The same for the same seed, whatever ran before. */
  readonly digest: string;
  readonly figures: Figures;
}

/** How much happened. */
export interface Figures {
  readonly events: number;
  readonly virtualMs: number;
  readonly calls: number;
  readonly machines: number;
  readonly losses: number;
}

/** One seed, one history: everything that happens in it, and whether the rules held. */
export class History {
  readonly #world: World;
  readonly #provider: Provider;
  readonly #seats: SimulatedSeats;
  readonly #model: PoolModel;
  readonly #core: PoolCore<Worker>;
  readonly #faults: Faults;
  readonly #users: Users;
  readonly #runners: Runner[] = [];
  readonly #busyFor: number;
  #diedAt: number | null = null;

  constructor(seed: number, verbose: boolean, mutation: Mutation | null) {
    const random = new Random(seed);
    const network = {
      fastest: random.pick([0.1, 1, 5]),
      slowest: random.pick([1, 20, 60]),
      sliced: random.pick([0, 0.2]),
    };
    const world = new World(seed, random, network, verbose);
    this.#world = world;
    world.network.tamper = mutation?.tamper ?? null;
    const newLink = mutation?.watchdogLink;
    this.#seats = new SimulatedSeats(world, newLink === undefined ? undefined : () => newLink(world));
    const speed = providerProfile(random);
    this.#provider = new Provider(world, speed, (thread) => this.#seats.dial(thread), mutation?.leased ?? true);
    const options = poolOptions(random);
    const resolved = resolvePoolOptions("sim", options);
    this.#model = new PoolModel(world, this.#provider, resolved);
    world.log("parent", `makes its pool: ${JSON.stringify(options)}`);
    // The profile of the users comes first, so that nothing of theirs hangs on what the pool draws when it is made.
    const profile = userProfile(random);
    const faults = faultProfile(random);
    world.log("faults", JSON.stringify(faults));
    this.#busyFor = profile.busyFor;
    this.#core = new PoolCore<Worker>("sim", resolved, {
      clock: world.parent.clock,
      random: random.next,
      start: this.#model.starts(
        this.#startRunner(mutation),
        (listener) => mutation?.listener?.(listener, world) ?? listener,
      ),
    });
    mutation?.pool?.(this.#core);
    this.#model.watch(this.#core);
    this.#faults = new Faults(world, faults, { provider: this.#provider, seats: this.#seats, core: this.#core });
    const bench: Bench = {
      world,
      provider: this.#provider,
      model: this.#model,
      disturbed: () => this.#faults.disturbed,
    };
    this.#users = new Users(world, new Pool(this.#core, world.parent.clock, null), profile, bench);
    testifyTo({ world, entered: (call) => this.#users.calls.get(call)?.enter() });
  }

  #startRunner(mutation: Mutation | null): StartRunner<Worker> {
    const world = this.#world;
    const backend = mutation?.backend?.(this.#provider, world) ?? this.#provider;
    let count = 0;
    const deps = {
      clock: world.parent.clock,
      backend,
      listener: () => this.#seats,
      pool: "sim",
      parentId: "parent",
      buildId: "this-build",
      depth: 0,
      lease: LEASE,
      relay: () => {},
    };
    return (listener, bootTimeout) => {
      const worker = new Runner(`r${(count += 1)}`, deps, listener, bootTimeout);
      this.#runners.push(worker);
      mutation?.worker?.(worker, world);
      return worker;
    };
  }

  async run(): Promise<HistoryResult> {
    const { random, scheduler, parent } = this.#world;
    scheduler.after(0, () => this.#users.start(), parent);
    this.#faults.start();
    await this.#until(this.#busyFor);
    const end = random.weighted({ calm: 6, drain: 2, close: 1, die: 1 });
    this.#world.log("history", `the busy time is over: ${end}`);
    if (end === "die") await this.#die();
    else {
      this.#faults.stop();
      await this.#pass(0);
      if (end === "calm") await this.#calm();
      await this.#end(end === "close");
    }
    this.#world.log("history", "is over");
    return this.#result();
  }

  // --- how it ends ---

  /** Nothing goes wrong any more: everybody is served, and then nobody is left. */
  async #calm(): Promise<void> {
    this.#users.calmDown();
    const bound = this.#users.open.reduce((most, call) => Math.max(most, call.bound), 0) + 40_000;
    await this.#pass(bound, () => this.#users.open.length === 0 && this.#core.stats().inFlight === 0);
    for (const call of this.#users.open)
      this.#world.fail(`${call.verb} ${call.id} did not settle within ${bound} ms of the last fault`);
    const { inFlight } = this.#core.stats();
    if (inFlight > 0)
      this.#world.fail(`${inFlight} slots are held, ${bound} ms after the last fault, and nobody needs them`);
    // By then every runner that is gone is known to be, and boots that failed for good may be tried again.
    await this.#pass(LEASE + 3_000);
    await this.#atParent(() => this.#core.update({ maxQueue: 10 }));
    let probe = this.#users.calls.values().next().value;
    await this.#atParent(() => {
      probe = this.#users.probe();
    });
    await this.#pass(110_000, () => probe?.settled !== null);
    if (probe?.settled !== "value") this.#world.fail(`a call that was made when all was well did not succeed`);
    await this.#rest();
  }

  /** With nothing to do, a pool has its `min` runners, and nothing else is kept. */
  async #rest(): Promise<void> {
    const { idleShutdownAfter, min, shutdownTimeout } = this.#core.options;
    await this.#pass(idleShutdownAfter + shutdownTimeout + 20_000, () => this.#core.stats().runners === min);
    const { runners } = this.#core.stats();
    if (runners !== min) this.#world.fail(`${runners} runners exist when there is nothing to do, and min is ${min}`);
    await this.#pass(3_000);
    for (const runner of this.#runners) {
      if (runner.open > 0) this.#world.fail(`${runner.open} things are open on ${runner.id}, which has nothing to do`);
    }
    for (const { id, main, excuse, service } of this.#provider.machines) {
      const open = excuse === null ? (service?.open ?? 0) : 0;
      if (open > 0) this.#world.fail(`${open} things are open on ${id}, which has nothing to do`);
      // The session's heartbeat, and the one that is kept for the next call's time.
      if (excuse === null && main.armed > 2)
        this.#world.fail(`${main.armed} timers are armed on ${id}, which has nothing to do`);
    }
  }

  /** The pool is drained or closed, and nothing is left of it. */
  async #end(close: boolean): Promise<void> {
    const { scheduler, parent } = this.#world;
    const { shutdownTimeout } = this.#core.options;
    let closed = false;
    scheduler.after(
      0,
      () => {
        this.#world.log("parent", close ? "closes its pool" : "drains its pool");
        this.#model.closing = true;
        this.#model.killing = close;
        const kill = scheduler.after(shutdownTimeout - 5, () => (this.#model.killing = true));
        void (close ? this.#core.close() : this.#core.drain()).then(() => {
          closed = true;
          kill.cancelled = true;
        });
      },
      parent,
    );
    await this.#pass((close ? 0 : shutdownTimeout) + END_SLACK, () => closed);
    if (!closed) this.#world.fail(`the pool was told to ${close ? "close" : "drain"}, and has not`);
    this.#users.calmDown();
    // What a user does with what it has got (or not) may take a moment.
    await this.#pass(60_000, () => this.#users.open.length === 0);
    for (const call of this.#users.open)
      this.#world.fail(`${call.verb} ${call.id} has not settled, and the pool is closed`);
    await this.#pass(6_000);
    this.#checkLeftovers();
    await this.#machinesGo();
  }

  /** The parent dies: its runners must not outlive it for longer than their lease. */
  async #die(): Promise<void> {
    const { random, network, parent } = this.#world;
    this.#diedAt = this.#world.now;
    const silently = random.chance(0.5);
    this.#world.log("parent", silently ? "vanishes with its host" : "is killed");
    network.died(parent, silently);
    parent.kill();
    testifyTo(null);
    this.#faults.stop();
    await this.#machinesGo();
  }

  /** Even machines that the provider would not destroy end with their lease. */
  async #machinesGo(): Promise<void> {
    await this.#pass(2 * LEASE + 70_000, () => this.#provider.machines.size === 0);
    for (const { id } of this.#provider.machines) this.#world.fail(`machine ${id} has outlived everything`);
  }

  #checkLeftovers(): void {
    const { parent, network } = this.#world;
    if (parent.armed > 0) this.#world.fail(`${parent.armed} timers of the parent are left`);
    if (this.#seats.size > 0) this.#world.fail(`${this.#seats.size} seats are left`);
    const links = network.endsOf(parent).filter((end) => !end.wire.loses(end) && !end.wire.loses(end.peer));
    if (links.length > 0) this.#world.fail(`${links.length} connections of the parent are left`);
    for (const call of this.#users.calls.values()) {
      const listeners = getEventListeners(call.controller.signal, "abort").length;
      if (listeners > 0) this.#world.fail(`${listeners} listeners are left on the signal of ${call.verb} ${call.id}`);
    }
  }

  // --- time ---

  /** Time passes, or until something holds. */
  async #pass(ms: number, enough: () => boolean = () => false): Promise<void> {
    await this.#until(this.#world.now + ms, enough);
  }

  async #until(end: number, enough: () => boolean = () => false): Promise<void> {
    const world = this.#world;
    await world.scheduler.run(
      end,
      () => this.#check(),
      () => world.violation !== null || enough(),
    );
  }

  async #atParent(run: () => void): Promise<void> {
    const { scheduler, parent } = this.#world;
    scheduler.after(0, run, parent);
    await this.#pass(0);
  }

  #check(): void {
    this.#model.check();
    this.#checkLeases();
  }

  /** Nothing of a parent outlives it, or its silence, by more than the lease. A process that is stopped cannot end. */
  #checkLeases(): void {
    for (const machine of this.#provider.machines) {
      if (machine.startedAt === null || machine.watchdog.frozenAt !== null) continue;
      const silent = this.#world.now - Math.max(machine.heardAt, machine.watchdog.thawedAt);
      if (silent > LEASE + LEASE_SLACK)
        this.#world.fail(
          `machine ${machine.id} has not heard of its parent for ${Math.round(silent)} ms` +
            (this.#diedAt === null ? "" : `, which died ${Math.round(this.#world.now - this.#diedAt)} ms ago`),
        );
    }
  }

  #result(): HistoryResult {
    testifyTo(null);
    const { seed, violation, lines, digest, scheduler } = this.#world;
    return {
      seed,
      violation,
      lines: lines ?? [],
      digest,
      figures: {
        events: scheduler.steps,
        virtualMs: scheduler.now,
        calls: this.#users.calls.size,
        machines: this.#provider.everMade.length,
        losses: this.#model.losses,
      },
    };
  }
}

function providerProfile(random: Random): ProviderProfile {
  const start = random.duration(1, 500);
  const load = random.duration(1, 300);
  return { start: [start, start * random.between(1, 3)], load: [load, load * random.between(1, 3)] };
}

function poolOptions(random: Random): PoolOptions {
  const max = random.pick([1, 1, 2, 2, 3, 4]);
  const maxConcurrency = random.pick([1, 1, 2, 3]);
  return {
    max,
    maxConcurrency,
    min: random.chance(0.6) ? 0 : random.int(0, max),
    buffer: random.chance(0.2) ? 1 : 0,
    idleShutdownAfter: random.duration(100, 10_000),
    minIdleShutdownAfter: random.chance(0.9) ? Infinity : random.duration(1_000, 20_000),
    bootTimeout: random.duration(5_000, 15_000),
    shutdownTimeout: random.duration(200, 15_000),
    maxQueue: random.chance(0.2) ? random.int(0, 10) : 10_000,
    placement: random.pick(["pack", "spread"] as const),
  };
}
