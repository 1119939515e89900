import { LinkedList } from "../linked-list.ts";
import type { Placement, ResolvedPoolOptions } from "../options.ts";
import type { RunnerControl } from "../runner/runner-control.ts";
import type { BootGate } from "./breaker.ts";
import { LoadIndex } from "./placement.ts";
import type { PoolView } from "./policy.ts";
import type { RunnerEntry } from "./runner-entry.ts";

/** What a pool has right now. All are counts, and true at the instant of asking. */
export interface PoolStats {
  /** Runners that exist, whatever they do: `booting + ready + draining`. Never more than `max`, unless that was lowered. */
  readonly runners: number;
  /** Runners that were asked for and are not ready yet. */
  readonly booting: number;
  /** Runners that are given work: busy or idle, and not draining. */
  readonly ready: number;
  /** Those of the ready runners that have no work. */
  readonly idle: number;
  /** Runners that get no more work and still exist, cancelled boots among them. */
  readonly draining: number;
  /** Machines that exist but are stopped or suspended, and can be taken. Always 0 where the backend has none. */
  readonly standby: number;
  /** Slots that are held, of ready and of draining runners. */
  readonly inFlight: number;
  /** Calls that wait for a slot. */
  readonly queued: number;
}

/**
 * The runners of a pool, and how a runner moves from one state of its life to the next. Keeps every count up to date, so
 * that neither the policy nor `stats()` has to look at each runner. Decides nothing, and calls nobody.
 */
export class PoolState<R extends RunnerControl> implements PoolView {
  options: ResolvedPoolOptions;
  readonly boots: BootGate;
  readonly booting: Set<RunnerEntry<R>> = new Set();
  readonly ready: Set<RunnerEntry<R>> = new Set();
  readonly idle: LinkedList<RunnerEntry<R>> = new LinkedList();
  readonly leaving: Set<RunnerEntry<R>> = new Set();
  activeAt: number;
  closing = false;
  /** How many calls wait. The pool writes it before it asks the policy. */
  queued = 0;
  /** Whether somebody waits until `min` runners are ready. The pool writes it before it asks the policy. */
  awaited = false;
  /** Slots held, of the ready runners. */
  inFlight = 0;
  /** Slots held, of the draining ones. */
  #leavingInFlight = 0;
  readonly #answering: LoadIndex<RunnerEntry<R>>;
  readonly #blocked: LoadIndex<RunnerEntry<R>>;

  constructor(options: ResolvedPoolOptions, boots: BootGate, now: number) {
    this.options = options;
    this.boots = boots;
    this.activeAt = now;
    this.#answering = new LoadIndex(options.maxConcurrency);
    this.#blocked = new LoadIndex(options.maxConcurrency);
  }

  get free(): number {
    return this.#answering.free;
  }

  get draining(): number {
    return this.leaving.size;
  }

  /** How many runners exist. */
  get size(): number {
    return this.booting.size + this.ready.size + this.leaving.size;
  }

  /** The runner that gets the next call: one whose event loop answers, or, with `blocked`, one whose does not. */
  pick(blocked: boolean, exclude?: ReadonlySet<string>): RunnerEntry<R> | undefined {
    const { placement }: { placement: Placement } = this.options;
    return (blocked ? this.#blocked : this.#answering).pick(placement, exclude);
  }

  setOptions(options: ResolvedPoolOptions): void {
    this.options = options;
    this.#answering.setLimit(options.maxConcurrency);
    this.#blocked.setLimit(options.maxConcurrency);
  }

  boot(entry: RunnerEntry<R>): void {
    this.booting.add(entry);
  }

  becomeReady(entry: RunnerEntry<R>, now: number): void {
    this.booting.delete(entry);
    entry.state = "ready";
    entry.since = now;
    this.activeAt = now;
    this.ready.add(entry);
    this.idle.append(entry.rest);
    this.#index(entry).add(entry);
  }

  /** From booting or ready. Its work goes on, and it gets no more. */
  becomeDraining(entry: RunnerEntry<R>): void {
    this.#leave(entry);
    entry.state = "draining";
    this.leaving.add(entry);
    this.#leavingInFlight += entry.load;
  }

  /** It no longer exists. Its slots are free, whoever held them. */
  remove(entry: RunnerEntry<R>, now: number): void {
    if (entry.load > 0) this.activeAt = now;
    this.#leave(entry);
    entry.state = "gone";
    entry.load = 0;
  }

  setResponsive(entry: RunnerEntry<R>, responsive: boolean): void {
    this.#index(entry).remove(entry);
    entry.responsive = responsive;
    this.#index(entry).add(entry);
  }

  /** Takes one slot of a ready runner. */
  hold(entry: RunnerEntry<R>, now: number): void {
    this.activeAt = now;
    if (entry.load === 0) this.idle.remove(entry.rest);
    this.#index(entry).setLoad(entry, entry.load + 1);
    this.inFlight++;
  }

  /** Gives one slot back. Does nothing for a runner that is gone: its slots went with it. */
  release(entry: RunnerEntry<R>, now: number): void {
    if (entry.state === "gone") return;
    this.activeAt = now;
    this.#index(entry).setLoad(entry, entry.load - 1);
    if (entry.state === "draining") {
      this.#leavingInFlight--;
      return;
    }
    this.inFlight--;
    if (entry.load > 0) return;
    entry.since = now;
    this.idle.append(entry.rest);
  }

  /** All but what is in store, of which the state knows nothing. */
  stats(): Omit<PoolStats, "standby"> {
    return {
      runners: this.size,
      booting: this.booting.size,
      ready: this.ready.size,
      idle: this.idle.size,
      draining: this.leaving.size,
      inFlight: this.inFlight + this.#leavingInFlight,
      queued: this.queued,
    };
  }

  #index(entry: RunnerEntry<R>): LoadIndex<RunnerEntry<R>> {
    return entry.responsive ? this.#answering : this.#blocked;
  }

  /** Takes an entry out of all sets and counts of the state that it is in. */
  #leave(entry: RunnerEntry<R>): void {
    if (entry.state === "booting") {
      this.booting.delete(entry);
    } else if (entry.state === "ready") {
      this.ready.delete(entry);
      this.idle.remove(entry.rest);
      this.#index(entry).remove(entry);
      this.inFlight -= entry.load;
    } else if (entry.state === "draining") {
      this.leaving.delete(entry);
      this.#leavingInFlight -= entry.load;
    }
  }
}
