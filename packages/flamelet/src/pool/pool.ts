import type { Clock, Timer } from "../clock.ts";
import { PoolClosedError, QueueFullError, QueueTimeoutError } from "../errors.ts";
import { Events } from "../events.ts";
import { checkDuration, resolvePoolOptions, type PoolOptions, type ResolvedPoolOptions } from "../options.ts";
import { SharedTimers } from "../shared-timers.ts";
import type { RunnerControl, StartRunner } from "../runner/runner-control.ts";
import { BootBreaker } from "./breaker.ts";
import { DecisionLog } from "./decision-log.ts";
import { explainPool } from "./explain.ts";
import { Fleet } from "./fleet.ts";
import { HeldSlot, type AcquireRequest, type Lease } from "./lease.ts";
import { decide, whyWaiting } from "./policy.ts";
import type { PoolEvents } from "./pool-events.ts";
import type { RunnerEntry } from "./runner-entry.ts";
import { PoolState, type PoolStats } from "./state.ts";
import type { Standby } from "./standby-shelf.ts";
import { Waiter, type WaiterOwner } from "./waiter.ts";
import { WaitingCalls } from "./waiting-calls.ts";

/** What a pool is given from outside: it has no time, no chance and no machines of its own. */
export interface PoolDeps<R extends RunnerControl> {
  readonly clock: Clock;
  /** From 0 up to, and never, 1. */
  readonly random: () => number;
  readonly start: StartRunner<R>;
  /** Left out where the backend has no standby machines. */
  readonly standby?: Standby | null;
}

/**
 * An elastic set of runners. Whoever has work asks it for a lease, which is one slot of one runner, and gives that back
 * when the work has ended. Every event, whatever it is, ends in `#step`, which looks at the demand as a whole; so there
 * is no event after which somebody could be forgotten.
 */
export class PoolCore<R extends RunnerControl> {
  readonly name: string;
  readonly events: Events<PoolEvents> = new Events();
  readonly #deps: PoolDeps<R>;
  readonly #breaker: BootBreaker;
  readonly #state: PoolState<R>;
  readonly #fleet: Fleet<R>;
  readonly #waiting: WaitingCalls<R> = new WaitingCalls();
  readonly #log = new DecisionLog();
  /** The clock of those that wait. */
  readonly #patience: SharedTimers;
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #waiterOwner: WaiterOwner<R>;
  readonly #giveBack: (entry: RunnerEntry<R>) => void;
  #askingReady: PromiseWithResolvers<void>[] = [];
  #phase: "open" | "draining" | "closed" = "open";
  #wakeAt = Infinity;
  #wakeTimer: Timer | null = null;
  #stepping = false;
  #stepAgain = false;

  constructor(name: string, options: ResolvedPoolOptions, deps: PoolDeps<R>) {
    this.name = name;
    this.#deps = deps;
    this.#patience = new SharedTimers(deps.clock);
    this.#breaker = new BootBreaker(deps.random);
    this.#state = new PoolState(options, this.#breaker, deps.clock.now());
    this.#fleet = new Fleet({
      pool: name,
      clock: deps.clock,
      start: deps.start,
      state: this.#state,
      breaker: this.#breaker,
      log: this.#log,
      events: this.events,
      changed: () => this.#step(),
    });
    this.#waiterOwner = {
      timedOut: (waiter) => this.#timedOut(waiter),
      aborted: (waiter, reason) => this.#refuse(waiter, reason),
    };
    this.#giveBack = (entry) => {
      const now = this.#now();
      this.#state.release(entry, now);
      this.#step(now);
    };
    if (options.standby.count > 0) deps.standby?.want(options.standby);
    this.#step();
  }

  /** The options that hold now. */
  get options(): ResolvedPoolOptions {
    return this.#state.options;
  }

  /**
   * Asks for a slot. Gives it at once when one is free, else a promise of it. Rejects with the reason of `signal`, or
   * with a `FlameError` that says why there is none: in all cases the work has not started.
   */
  acquire(request: AcquireRequest = {}): Lease<R> | Promise<Lease<R>> {
    if (request.signal?.aborted === true) return Promise.reject(request.signal.reason);
    if (this.#phase !== "open") return Promise.reject(new PoolClosedError(this.name, this.#phase));
    // This overtakes nobody: whoever waits could use none of the slots that are free.
    const entry = this.#state.pick(false, request.exclude);
    if (entry !== undefined) {
      const now = this.#now();
      const lease = this.#lease(entry, now);
      this.#step(now);
      return lease;
    }
    const { maxQueue, queueTimeout } = this.#state.options;
    if (request.exclude === undefined && this.#waiting.newcomers >= maxQueue) {
      return Promise.reject(new QueueFullError(this.name, maxQueue));
    }
    this.#state.activeAt = this.#now();
    this.#breaker.lift(this.#now());
    const waiter = new Waiter(request, request.queueTimeout ?? queueTimeout, this.#patience, this.#waiterOwner);
    this.#waiting.add(waiter);
    this.#step();
    return waiter.promise;
  }

  /** Resolves when `min` runners are ready. Rejects with the `BootError` when that is not going to happen. */
  ready(): Promise<void> {
    if (this.#phase !== "open") return Promise.reject(new PoolClosedError(this.name, this.#phase));
    const asking = Promise.withResolvers<void>();
    this.#askingReady.push(asking);
    this.#state.activeAt = this.#now();
    this.#breaker.lift(this.#now());
    this.#step();
    return asking.promise;
  }

  stats(): PoolStats {
    this.#state.queued = this.#waiting.size;
    return { ...this.#state.stats(), standby: this.#deps.standby?.size ?? 0 };
  }

  /** Sentences: why the pool is the size it is, what each waiting call waits for, and what it decided last, and why. */
  explain(): string {
    return explainPool(this.name, this.#state, this.stats(), this.#waiting, this.#log, this.#now());
  }

  /**
   * Changes options while the pool runs; what is not given stays. Takes effect at once in both directions, except that
   * calls which wait or run keep the limits that they began with. Throws an `OptionError` and changes nothing when wrong.
   */
  update(patch: PoolOptions): void {
    const before = this.#state.options;
    const after = resolvePoolOptions(this.name, patch, before);
    const changed = (Object.keys(after) as (keyof ResolvedPoolOptions)[])
      .filter((option) => after[option] !== before[option])
      .map((option) => `${option} is ${text(after[option])}, was ${text(before[option])}`);
    if (changed.length === 0) return;
    this.#note(`options changed: ${changed.join(", ")}`);
    this.#state.setOptions(after);
    if (after.standby !== before.standby) this.#deps.standby?.want(after.standby);
    this.#step();
  }

  /**
   * Takes no more work, refuses what waits, and lets go of each runner when its work has ended. What has not ended after
   * `timeout` ms (default: `shutdownTimeout`) is killed. Resolves when all runners are gone. May be called again, also
   * to shorten the time.
   */
  drain(timeout?: number): Promise<void> {
    if (timeout !== undefined) checkDuration(`the timeout of a drain of pool "${this.name}"`, timeout);
    if (this.#phase === "closed") return this.#closed.promise;
    if (this.#phase === "open" || timeout !== undefined) {
      this.#fleet.killBy(this.#now() + (timeout ?? this.#state.options.shutdownTimeout));
    }
    this.#shut();
    return this.#closed.promise;
  }

  /** As `drain`, but does not wait for work: all runners are killed. */
  close(): Promise<void> {
    if (this.#phase === "closed") return this.#closed.promise;
    this.#shut(true);
    return this.#closed.promise;
  }

  #shut(kill = false): void {
    const entered = this.#phase === "open";
    this.#phase = "draining";
    this.#state.closing = true;
    this.#deps.standby?.close();
    if (entered) {
      this.#note(kill ? "close: the pool was told to" : "drain: the pool was told to");
      for (const waiter of this.#waiting) waiter.refuse(new PoolClosedError(this.name, this.#phase));
      for (const asking of this.#askingReady) asking.reject(new PoolClosedError(this.name, this.#phase));
      this.#askingReady = [];
    }
    if (kill) this.#fleet.kill("the pool was closed");
    this.#step();
  }

  #now(): number {
    return this.#deps.clock.now();
  }

  #note(text: string): void {
    this.#log.add(this.#now(), text);
  }

  #lease(entry: RunnerEntry<R>, now: number): Lease<R> {
    this.#state.hold(entry, now);
    return new HeldSlot(entry, this.#giveBack);
  }

  #timedOut(waiter: Waiter<R>): void {
    this.#state.queued = this.#waiting.size;
    const why = whyWaiting(this.#state, this.#now());
    const cause = this.#breaker.lastError ?? undefined;
    this.#refuse(waiter, new QueueTimeoutError(this.name, waiter.queueTimeout, why, cause));
  }

  #refuse(waiter: Waiter<R>, error: unknown): void {
    waiter.refuse(error);
    this.#step();
  }

  /**
   * Gives free slots to who waits and does what the policy decides, until neither changes anything. What happens because
   * of that (a runner that ends while it is told to drain) makes one more round, not a step within the step.
   *
   * @param now The time, where it has just been asked for.
   */
  #step(now: number = this.#now()): void {
    if (this.#stepping) {
      this.#stepAgain = true;
      return;
    }
    this.#stepping = true;
    try {
      this.#round(now);
      while (this.#stepAgain) {
        this.#stepAgain = false;
        this.#round(this.#now());
      }
    } finally {
      this.#stepping = false;
    }
    if (this.#phase === "draining" && this.#state.size === 0) this.#finish();
  }

  #round(now: number): void {
    const served = this.#serve(false, now);
    this.#state.queued = this.#waiting.size;
    this.#state.awaited = this.#askingReady.length > 0;
    const plan = decide(this.#state, now);
    for (const decision of plan.decisions) this.#fleet.carryOut(decision);
    this.#wakeBy(plan.wakeAt);
    // A runner that does not answer is better than none, and worse than one that will be ready soon.
    const servedByBlocked = this.#state.booting.size === 0 && this.#serve(true, now);
    const changed = served || servedByBlocked || plan.decisions.length > 0;
    if (changed || this.#giveUp() || this.#settleReady()) this.#stepAgain = true;
  }

  #serve(blocked: boolean, now: number): boolean {
    if (this.#waiting.size === 0) return false;
    let served = false;
    for (const waiter of this.#waiting.sentBack) {
      const entry = this.#state.pick(blocked, waiter.exclude);
      if (entry === undefined) continue;
      waiter.give(this.#lease(entry, now));
      served = true;
    }
    for (let entry = this.#state.pick(blocked); entry !== undefined; entry = this.#state.pick(blocked)) {
      const waiter = this.#waiting.shift();
      if (waiter === undefined) break;
      waiter.give(this.#lease(entry, now));
      served = true;
    }
    return served;
  }

  /** Refuses all that waits when only a boot could serve it and boots are known not to work. Returns whether to look again. */
  #giveUp(): boolean {
    const { ready, booting } = this.#state;
    if (this.#waiting.size === 0 || ready.size + booting.size > 0 || !this.#breaker.permanent) return false;
    if (!this.#breaker.cooling(this.#now())) return this.#breaker.lift(this.#now());
    for (const waiter of this.#waiting) waiter.refuse(this.#breaker.lastError);
    return true;
  }

  /** Answers who asked for `min` runners, if it can be said by now. Returns whether to look again. */
  #settleReady(): boolean {
    if (this.#askingReady.length === 0) return false;
    const { ready, booting, options } = this.#state;
    const hopeless = this.#breaker.permanent && booting.size === 0;
    if (ready.size < options.min && !hopeless) return false;
    const asking = this.#askingReady;
    this.#askingReady = [];
    for (const { resolve, reject } of asking) {
      if (ready.size >= options.min) resolve();
      else reject(this.#breaker.lastError);
    }
    return true;
  }

  #finish(): void {
    this.#phase = "closed";
    this.#wakeTimer?.cancel();
    this.#patience[Symbol.dispose]();
    this.#fleet.dispose();
    this.events.emit("closed");
    this.#closed.resolve();
  }

  /** An earlier wake-up is left as it is: it finds nothing to do, which costs less than a new timer for each call. */
  #wakeBy(at: number): void {
    if (at >= this.#wakeAt) return;
    this.#wakeTimer?.cancel();
    this.#wakeAt = at;
    this.#wakeTimer = this.#deps.clock.setTimer(at - this.#now(), () => {
      this.#wakeAt = Infinity;
      this.#step();
    });
  }
}

function text(value: ResolvedPoolOptions[keyof ResolvedPoolOptions]): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
