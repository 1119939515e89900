import type { BootError, RunnerLostError } from "../src/errors.ts";
import type { ResolvedPoolOptions } from "../src/options.ts";
import type { AcquireRequest, Lease } from "../src/pool/lease.ts";
import type { PoolCore } from "../src/pool/pool.ts";
import type { RunnerListener, StartRunner } from "../src/runner/runner-control.ts";
import type { Work, Worker, WorkOwner } from "../src/runner/work.ts";
import type { Provider } from "./provider.ts";
import type { World } from "./world.ts";

/** The longest wait between two tries to boot, in ms, with what timers are off by. */
const LONGEST_BACKOFF = 30_000 + 1_000;

/** One runner, as it must look to its pool. */
interface ModelRunner {
  readonly id: string;
  state: "booting" | "ready" | "draining" | "gone";
  slots: number;
  responsive: boolean;
  /** From when it may be lost because it was told to go. */
  expires: number;
}

interface ModelWaiter {
  readonly since: number;
  readonly queueTimeout: number;
  readonly exclude: ReadonlySet<string> | undefined;
}

/**
 * A simple pool: what any pool that keeps the rules must look like, given what was asked of it and what it was told. It
 * listens between the pool and its runners, and between callers and the pool, and compares after every step.
 */
export class PoolModel {
  /** Those that exist, and those that are gone. */
  readonly #alive = new Map<string, ModelRunner>();
  readonly #gone = new Map<string, ModelRunner>();
  readonly #waiting = new Set<ModelWaiter>();
  readonly #world: World;
  readonly #provider: Provider;
  #core: PoolCore<Worker> | null = null;
  readonly #first: ResolvedPoolOptions;
  /** Whether the last boot that counted failed: then the next may be waited for. */
  #bootsFail = false;
  /** Since when something is missing and nothing is done about it, on the parent's uptime. */
  #needySince: number | null = null;
  closing = false;
  /** Whether the pool has ended what ran on purpose. */
  killing = false;
  /** Leases given, and runners that came and went: to show that there was something to see. */
  leases = 0;
  losses = 0;
  #works = 0;

  constructor(world: World, provider: Provider, options: ResolvedPoolOptions) {
    this.#world = world;
    this.#provider = provider;
    this.#first = options;
  }

  /** The options that hold. A pool boots its `min` before anybody has seen it. */
  get #options(): ResolvedPoolOptions {
    return this.#core === null ? this.#first : this.#core.options;
  }

  /** Whether that runner's loss was to be expected by the parent, because it had told it to go. */
  expired(id: string): boolean {
    const runner = this.#alive.get(id) ?? this.#gone.get(id);
    return this.killing || (runner !== undefined && this.#world.now >= runner.expires);
  }

  // --- between the pool and its runners ---

  starts(start: StartRunner<Worker>, inner: (listener: RunnerListener) => RunnerListener): StartRunner<Worker> {
    return (listener, bootTimeout) => {
      const told = inner(listener);
      let model: ModelRunner | null = null;
      const worker = start(
        this.#listen(told, () => model),
        bootTimeout,
      );
      model = { id: worker.id, state: "booting", slots: 0, responsive: true, expires: Infinity };
      this.#alive.set(worker.id, model);
      this.#world.log("pool", `boots ${worker.id}`);
      this.#countMachines();
      this.#watch(worker, model);
      return worker;
    };
  }

  #listen(told: RunnerListener, of: () => ModelRunner | null): RunnerListener {
    const { parent } = this.#world;
    const life = (
      what: string,
      allowed: readonly ModelRunner["state"][],
      then: (runner: ModelRunner) => void,
    ): void => {
      const runner = of();
      if (runner === null) return this.#world.fail(`a runner told "${what}" before its start had returned`);
      this.#world.log(runner.id, `tells its pool: ${what}`);
      if (parent.dead) return this.#world.fail(`${runner.id} told "${what}" to a dead parent`);
      if (!allowed.includes(runner.state))
        return this.#world.fail(`${runner.id} told "${what}" when it was ${runner.state}`);
      then(runner);
    };
    const alive = ["ready", "draining"] as const;
    return {
      ready: () =>
        life("ready", ["booting", "draining"], (runner) => {
          if (runner.state === "booting") {
            runner.state = "ready";
            this.#bootsFail = false;
          }
          told.ready();
        }),
      bootFailed: (error: BootError) =>
        life(`boot failed: ${firstLine(error)}`, ["booting", "draining"], (runner) => {
          if (runner.state === "booting") this.#bootsFail = true;
          this.#over(runner);
          told.bootFailed(error);
        }),
      leaving: (reason) => life(`leaving: ${reason}`, alive, () => told.leaving(reason)),
      responsive: (yes) =>
        life(yes ? "responsive" : "unresponsive", alive, (runner) => {
          if (runner.state === "ready") runner.responsive = yes;
          told.responsive(yes);
        }),
      ended: (error: RunnerLostError | null) =>
        life(error === null ? "ended" : `lost: ${error.message}`, ["booting", ...alive], (runner) => {
          if (error !== null) this.#lost(runner, error);
          this.#over(runner);
          told.ended(error);
        }),
    };
  }

  #watch(worker: Worker, model: ModelRunner): void {
    const { drain, kill, run } = worker;
    worker.drain = (reason, grace) => {
      this.#world.log("pool", `drains ${model.id} within ${Math.round(grace)} ms: ${reason}`);
      if (model.state === "booting" || model.state === "ready") model.state = "draining";
      model.expires = Math.min(model.expires, this.#world.now + grace - 5);
      drain.call(worker, reason, grace);
    };
    worker.kill = (reason) => {
      this.#world.log("pool", `kills ${model.id}: ${reason}`);
      if (model.state === "booting" || model.state === "ready") model.state = "draining";
      model.expires = 0;
      kill.call(worker, reason);
    };
    worker.run = (work, owner) => this.#run(model, work, owner, (...args) => run.apply(worker, args));
  }

  #run(model: ModelRunner, work: Work, owner: WorkOwner, run: Worker["run"]): void {
    let settles = 0;
    let ends = 0;
    const name = `work ${(this.#works += 1)}`;
    this.#world.log(model.id, `is given ${name}`);
    run(work, {
      settled: (attempt) => {
        settles += 1;
        this.#world.log(model.id, `${name} settles: ${Object.keys(attempt).join()}`);
        if (settles > 1) this.#world.fail(`work on ${model.id} settled twice`);
        owner.settled(attempt);
      },
      ended: () => {
        ends += 1;
        this.#world.log(model.id, `${name} ends`);
        if (ends > 1) this.#world.fail(`work on ${model.id} ended twice`);
        if (settles === 0) this.#world.fail(`work on ${model.id} ended before it settled`);
        owner.ended();
      },
    });
  }

  /** It is gone, and its machine must be too, unless the provider kept it. */
  #over(runner: ModelRunner): void {
    runner.state = "gone";
    this.#alive.delete(runner.id);
    this.#gone.set(runner.id, runner);
    const left = [...this.#provider.machines].find(
      (machine) => machine.spec.name === runner.id && machine.excuse === null,
    );
    if (left !== undefined)
      this.#world.fail(`the pool was told that ${runner.id} is gone while its machine ${left.id} exists`);
  }

  #lost(runner: ModelRunner, error: RunnerLostError): void {
    this.losses += 1;
    const touched = this.touched(runner.id);
    if (touched === null && !this.expired(runner.id))
      this.#world.fail(`${runner.id} was lost though nothing happened to it: ${error.message}`);
  }

  /** What happened to a runner's machine that can have cost it its life, or null. */
  touched(id: string): string | null {
    for (const machine of this.#provider.everMade) {
      if (machine.spec.name === id && machine.touched !== null) return machine.touched;
    }
    return null;
  }

  // --- between callers and the pool ---

  watch(core: PoolCore<Worker>): void {
    this.#core = core;
    const { acquire } = core;
    core.acquire = (request = {}) => {
      const asked = acquire.call(core, request);
      if (!(asked instanceof Promise)) return this.#leased(asked, request);
      const waiter: ModelWaiter = {
        since: this.#world.parent.uptime,
        queueTimeout: request.queueTimeout ?? core.options.queueTimeout,
        exclude: request.exclude,
      };
      // Refused on the spot, or it waits from now on; which of them it is, the pool's count will tell.
      this.#waiting.add(waiter);
      return asked.then(
        (lease) => {
          this.#waiting.delete(waiter);
          return this.#leased(lease, request);
        },
        (error: unknown) => {
          this.#waiting.delete(waiter);
          throw error;
        },
      );
    };
  }

  #leased(lease: Lease<Worker>, request: AcquireRequest): Lease<Worker> {
    const runner = this.#alive.get(lease.runner.id);
    this.leases += 1;
    // It went in the very step in which it was leased: whoever got the slot will find out.
    if (runner === undefined) return lease;
    runner.slots += 1;
    const { maxConcurrency } = this.#options;
    if (runner.slots > maxConcurrency)
      this.#world.fail(`${runner.slots} slots of ${runner.id} are leased, and it has ${maxConcurrency}`);
    if (request.exclude?.has(runner.id) === true) this.#world.fail(`a call was sent back to ${runner.id}`);
    let released = false;
    return {
      runner: lease.runner,
      release: () => {
        if (!released) runner.slots -= 1;
        released = true;
        lease.release();
      },
    };
  }

  // --- after every step ---

  check(): void {
    if (this.#world.parent.dead) return;
    this.#checkStats();
    this.#checkRunning();
    this.#checkDemand();
    this.#checkWaiters();
  }

  #checkStats(): void {
    const alive = [...this.#alive.values()];
    const count = (state: ModelRunner["state"]): number => alive.filter((runner) => runner.state === state).length;
    const expected = {
      runners: alive.length,
      booting: count("booting"),
      ready: count("ready"),
      idle: alive.filter((runner) => runner.state === "ready" && runner.slots === 0).length,
      draining: count("draining"),
      standby: 0,
      inFlight: alive.reduce((sum, runner) => sum + runner.slots, 0),
      queued: this.#waiting.size,
    };
    const actual = this.#core?.stats() ?? expected;
    for (const key of Object.keys(expected) as (keyof typeof expected)[]) {
      if (actual[key] !== expected[key])
        return this.#world.fail(`stats().${key} is ${actual[key]}, and is ${expected[key]} in truth`);
    }
  }

  /** A slot belongs to the work: whatever really runs on a runner holds one. */
  #checkRunning(): void {
    for (const machine of this.#provider.machines) {
      const runner = this.#alive.get(machine.spec.name);
      // Once the parent has hung up, nothing that runs there holds anything, and the machine is about to be destroyed.
      const link = machine.link("main");
      if (runner === undefined || link === null || link.peer.closed) continue;
      if (machine.running.size > runner.slots)
        this.#world.fail(
          `${machine.running.size} pieces of work run on ${runner.id}, which has ${runner.slots} slots leased`,
        );
    }
  }

  /** Never more than `max` exist: those of the pool, and machines that it was told are gone. */
  #countMachines(): void {
    const { max } = this.#options;
    const known = this.#alive.size;
    const left = [...this.#provider.machines].filter(
      (machine) => machine.excuse === null && this.#gone.has(machine.spec.name),
    ).length;
    if (known + left > max) this.#world.fail(`${known} runners and ${left} machines exist, and max is ${max}`);
  }

  /** Whoever waits is served, or somebody is being booted for it, or that cannot be. */
  #checkDemand(): void {
    if (this.closing) return;
    const options = this.#options;
    const alive = [...this.#alive.values()];
    const ready = alive.filter((runner) => runner.state === "ready");
    const booting = alive.filter((runner) => runner.state === "booting").length;
    const free = ready.filter((runner) => runner.responsive && runner.slots < options.maxConcurrency);
    for (const waiter of this.#waiting) {
      const fit = free.find((runner) => waiter.exclude?.has(runner.id) !== true);
      if (fit !== undefined) return this.#world.fail(`a call waits while ${fit.id} has a free slot`);
    }
    const room = options.max - alive.length;
    const wanted = Math.ceil(this.#waiting.size / options.maxConcurrency);
    const least = options.minIdleShutdownAfter === Infinity ? options.min - ready.length : 0;
    const missing = Math.min(Math.max(wanted, least) - booting, room);
    if (missing <= 0 || (this.#bootsFail && booting > 0)) this.#needySince = null;
    else {
      const { uptime } = this.#world.parent;
      this.#needySince ??= uptime;
      if (uptime - this.#needySince > (this.#bootsFail ? LONGEST_BACKOFF : 0))
        this.#world.fail(
          `${this.#waiting.size} calls wait, ${ready.length} are ready, ${booting} boot, and nothing is done`,
        );
    }
    if (this.#waiting.size === 0 && options.buffer === 0 && booting > Math.max(0, options.min - ready.length))
      this.#world.fail(`${booting} boots go on that nobody needs`);
  }

  #checkWaiters(): void {
    const { uptime } = this.#world.parent;
    for (const waiter of this.#waiting) {
      if (uptime - waiter.since > waiter.queueTimeout + 10)
        return this.#world.fail(
          `a call has waited ${uptime - waiter.since} ms, and queueTimeout is ${waiter.queueTimeout}`,
        );
    }
  }
}

function firstLine(error: Error): string {
  return error.message.split("\n", 1)[0] as string;
}
