import type {
  Backend,
  Machine,
  MachineSpec,
  StandbyKey,
  StandbyMachine,
  StandbyMachines,
} from "../backends/backend.ts";
import type { Clock, Timer } from "../clock.ts";
import type { ExitInfo } from "../errors.ts";
import type { StandbyOptions } from "../options.ts";
import type { MachineSource } from "../runner/runner.ts";
import { decideStandby } from "./standby-policy.ts";

/** How long between two looks when nothing happens, in ms, up to half as much again. */
const LOOK_INTERVAL = 120_000;
/** The pause after a machine could not be prepared, in ms: up to the first, twice that, and so on up to the longest. */
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;
/** How long a machine whose runner said goodbye may take to end, in ms, or it is not parked but destroyed. */
const END_WAIT = 4_000;

/** What has a number of machines in store, as its pool sees it. */
export interface Standby {
  /** How many there are to be taken, as far as is known. */
  readonly size: number;
  want(options: StandbyOptions): void;
  /** Fills no more. What is in store stays there. */
  close(): void;
}

/** What a shelf is given from outside. */
export interface ShelfDeps {
  readonly clock: Clock;
  /** From 0 up to, and never, 1. */
  readonly random: () => number;
}

/**
 * The standby machines of one pool: stands between its runners and its backend, and gives a boot one of them where there is
 * one. They belong to nobody: each parent of the same pool and build knows of the same, and the backend sees to it that one
 * is taken only once.
 */
export class StandbyShelf implements Standby, MachineSource {
  readonly #backend: Backend;
  readonly #standby: StandbyMachines;
  #key: StandbyKey;
  readonly #deps: ShelfDeps;
  readonly #abort = new AbortController();
  #parked: StandbyMachine[] = [];
  /** Machines that came from here and are in use, with how they ended once they have. */
  readonly #taken = new Map<string, Promise<ExitInfo> | null>();
  #count = 0;
  #busy = false;
  #lookAt = Infinity;
  #notBefore = -Infinity;
  #failures = 0;
  #timer: Timer | null = null;

  constructor(backend: Backend, standby: StandbyMachines, key: Omit<StandbyKey, "mode">, deps: ShelfDeps) {
    this.#backend = backend;
    this.#standby = standby;
    this.#key = { ...key, mode: "stopped" };
    this.#deps = deps;
  }

  get size(): number {
    return this.#parked.length;
  }

  want({ count, mode = "stopped" }: StandbyOptions): void {
    // Only while there are none is there another mode.
    this.#key = { ...this.#key, mode };
    if (count > 0 && this.#lookAt === Infinity) this.#lookAt = this.#deps.clock.now();
    this.#count = count;
    this.#step();
  }

  close(): void {
    this.#abort.abort(new Error("the pool is closing"));
    this.#timer?.cancel();
  }

  /** As `Backend.provision`: a standby machine if one can be had, else a new one. */
  async provision(spec: MachineSpec, signal: AbortSignal): Promise<Machine> {
    for (let next = this.#parked.shift(); next !== undefined; next = this.#parked.shift()) {
      this.#taken.set(next.id, null);
      this.#step();
      const machine = await this.#start(next, spec, signal);
      if (machine !== null) return machine;
      this.#taken.delete(next.id);
      signal.throwIfAborted();
    }
    return this.#backend.provision(spec, signal);
  }

  /** Parks the machine if it came from here, its runner went in peace, and there is room; else destroys it. */
  async release(machine: Machine, peaceful: boolean): Promise<void> {
    const exited = this.#taken.get(machine.id);
    try {
      if (peaceful && exited != null && this.#parked.length < this.#count && (await this.#endedWell(exited))) {
        const parked = await this.#standby.park(machine).catch(() => null);
        if (parked !== null) return void this.#parked.push(parked);
      }
      await this.#backend.destroy(machine);
    } finally {
      this.#taken.delete(machine.id);
      this.#step();
    }
  }

  async #start(standby: StandbyMachine, spec: MachineSpec, signal: AbortSignal): Promise<Machine | null> {
    try {
      const machine = await this.#standby.start(standby, spec, signal);
      if (machine !== null) {
        this.#taken.set(machine.id, machine.exited);
        return machine;
      }
      // Others are at it too, so what is known of the rest may be just as old.
      this.#lookAt = this.#deps.clock.now();
    } catch {
      // Its host may be full, or gone: another one is worth more than a second try.
      void this.#backend.destroy(standby).catch(() => {});
    }
    return null;
  }

  async #endedWell(exited: Promise<ExitInfo>): Promise<boolean> {
    const { clock } = this.#deps;
    const patience = Promise.withResolvers<null>();
    const timer = clock.setTimer(END_WAIT, () => patience.resolve(null));
    const exit = await Promise.race([exited, patience.promise]);
    timer.cancel();
    return exit?.code === 0;
  }

  #step(): void {
    const { clock } = this.#deps;
    const view = {
      count: this.#count,
      parked: this.#parked.length,
      busy: this.#busy,
      lookAt: this.#lookAt,
      notBefore: this.#notBefore,
      closing: this.#abort.signal.aborted,
    };
    const now = clock.now();
    const { act, wakeAt } = decideStandby(view, now);
    this.#timer?.cancel();
    this.#timer = act === null ? clock.setTimer(wakeAt - now, () => this.#step()) : null;
    if (act === null) return;
    this.#busy = true;
    const doing = act === "look" ? this.#look() : act === "prepare" ? this.#prepare() : this.#discard();
    void doing
      .then(
        () => {
          // That it could be looked says little of whether one can be made.
          if (act === "prepare") this.#failures = 0;
        },
        () => this.#failed(),
      )
      .then(() => {
        this.#busy = false;
        this.#timer?.cancel();
        // Not at once: a process that has nothing else to do may end in between, rather than fill its store first.
        if (!this.#abort.signal.aborted) this.#timer = clock.setTimer(0, () => this.#step());
      });
  }

  async #look(): Promise<void> {
    const before = new Set(this.#parked.map(({ id }) => id));
    // In case it fails, and for the time after.
    this.#lookAt = this.#deps.clock.now() + LOOK_INTERVAL * (1 + this.#deps.random() / 2);
    const listed = await this.#standby.list(this.#key);
    const known = new Set(listed.map(({ id }) => id));
    const since = this.#parked.filter(({ id }) => !before.has(id) && !known.has(id));
    this.#parked = [...listed.filter(({ id }) => !this.#taken.has(id)), ...since];
  }

  async #prepare(): Promise<void> {
    this.#parked.push(await this.#standby.prepare(this.#key, this.#abort.signal));
    this.#lookAt = this.#deps.clock.now();
  }

  async #discard(): Promise<void> {
    const surplus = this.#parked.pop();
    if (surplus !== undefined) await this.#backend.destroy(surplus);
  }

  #failed(): void {
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures);
    this.#failures += 1;
    const pause = longest / 2 + (this.#deps.random() * longest) / 2;
    this.#notBefore = this.#deps.clock.now() + pause;
    // What failed may have been done nevertheless.
    this.#lookAt = Math.min(this.#lookAt, this.#notBefore);
  }
}
