import type { Clock, Timer } from "../clock.ts";
import { BootError, type RunnerLostError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { RunnerControl, RunnerListener, StartRunner } from "../runner/runner-control.ts";
import type { BootBreaker } from "./breaker.ts";
import type { DecisionLog } from "./decision-log.ts";
import type { Decision } from "./policy.ts";
import type { PoolEvents } from "./pool-events.ts";
import { RunnerEntry } from "./runner-entry.ts";
import type { PoolState } from "./state.ts";

/** What a fleet is given by its pool. */
export interface FleetDeps<R extends RunnerControl> {
  readonly pool: string;
  readonly clock: Clock;
  readonly start: StartRunner<R>;
  readonly state: PoolState<R>;
  readonly breaker: BootBreaker;
  readonly log: DecisionLog;
  readonly events: Events<PoolEvents>;
  /** Something happened after which the pool has to look at the demand again. */
  readonly changed: () => void;
}

/** The runners of a pool: carries out what the policy decided, and writes down what they tell. */
export class Fleet<R extends RunnerControl> {
  readonly #deps: FleetDeps<R>;
  #killing = false;
  /** Null while the pool is open. */
  #killAt: number | null = null;
  #killTimer: Timer | null = null;

  constructor(deps: FleetDeps<R>) {
    this.#deps = deps;
  }

  carryOut(decision: Decision): void {
    const { state, events } = this.#deps;
    const { kind, reason } = decision;
    let runners: string[];
    if (kind === "boot") {
      runners = this.#bootMany(decision.count, reason);
      if (runners.length === 0) return;
    } else {
      const among = kind === "cancelBoot" ? state.booting : state.ready;
      const entry = among.values().find((candidate) => candidate.id === decision.runner);
      // It may have gone because of a decision that was carried out before this one.
      if (entry === undefined) return;
      runners = [entry.id];
      this.#letGo(entry, reason);
    }
    const verb = kind === "boot" ? "boot" : kind === "cancelBoot" ? "cancel the boot of" : "retire";
    this.#note(`${verb} ${runners.join(", ")}: ${reason}`);
    events.emit("decision", { kind, runners, reason });
  }

  /** Kills at that time, in ms of the clock or `Infinity`, what has not gone by then. Only ever makes it sooner. */
  killBy(at: number): void {
    if (this.#killAt !== null && at >= this.#killAt) return;
    this.#killTimer?.cancel();
    this.#killAt = at;
    if (at === Infinity) return;
    this.#killTimer = this.#deps.clock.setTimer(at - this.#now(), () => {
      this.kill("the pool's drain ran out of time");
      this.#deps.changed();
    });
  }

  /** Kills the runners that drain already; those that do not are killed instead of drained from now on. */
  kill(reason: string): void {
    this.#killing = true;
    const leaving = [...this.#deps.state.leaving];
    for (const { runner } of leaving) runner.kill(reason);
  }

  /** For when there are no runners any more, and will be none. */
  dispose(): void {
    this.#killTimer?.cancel();
  }

  #now(): number {
    return this.#deps.clock.now();
  }

  #note(text: string): void {
    this.#deps.log.add(this.#now(), text);
  }

  #bootMany(count: number, reason: string): string[] {
    const runners: string[] = [];
    for (let i = 0; i < count; i++) {
      const entry = this.#boot();
      if (entry === null) break;
      runners.push(entry.id);
      this.#deps.events.emit("boot", { runner: entry.id, reason });
    }
    return runners;
  }

  #boot(): RunnerEntry<R> | null {
    const { pool, start, state, breaker } = this.#deps;
    const { era } = breaker;
    const listener: RunnerListener = {
      ready: () => this.#becameReady(entry),
      bootFailed: (error) => this.#bootFailed(entry, error),
      leaving: (reason) => this.#leaving(entry, reason),
      responsive: (yes) => this.#responsive(entry, yes),
      ended: (error) => this.#ended(entry, error),
    };
    let runner: R;
    try {
      runner = start(listener, state.options.bootTimeout);
    } catch (cause) {
      const message = `the boot of a runner of pool "${pool}" could not be started: ${String(cause)}`;
      const error = BootError.is(cause) ? cause : new BootError(message, { failure: "config", cause });
      this.#countFailure(null, error, era);
      return null;
    }
    const entry = new RunnerEntry(runner, era, this.#now());
    state.boot(entry);
    return entry;
  }

  /** Stops leasing a runner, or cancels its boot, and only then tells it. */
  #letGo(entry: RunnerEntry<R>, reason: string): void {
    const { state, events } = this.#deps;
    state.becomeDraining(entry);
    events.emit("draining", { runner: entry.id, reason });
    if (this.#killing) {
      entry.runner.kill(reason);
      return;
    }
    const { shutdownTimeout } = state.options;
    entry.runner.drain(reason, this.#killAt === null ? shutdownTimeout : this.#killAt - this.#now());
  }

  #becameReady(entry: RunnerEntry<R>): void {
    // A boot that was cancelled can win the race; the runner has been told to go and will.
    if (entry.state !== "booting") return;
    const after = Math.round(this.#now() - entry.since);
    this.#deps.breaker.succeeded();
    this.#deps.state.becomeReady(entry, this.#now());
    this.#note(`${entry.id} is ready after ${after} ms`);
    this.#deps.events.emit("ready", { runner: entry.id, after });
    this.#deps.changed();
  }

  #bootFailed(entry: RunnerEntry<R>, error: BootError): void {
    const { state } = entry;
    if (state === "gone") return;
    this.#deps.state.remove(entry, this.#now());
    // A boot that was cancelled fails because of that, which says nothing of the next.
    if (state === "booting") this.#countFailure(entry.id, error, entry.era);
    else this.#deps.events.emit("retired", { runner: entry.id });
    this.#deps.changed();
  }

  #countFailure(runner: string | null, error: BootError, era: number): void {
    this.#deps.breaker.failed(error, era, this.#now());
    this.#note(`the boot of ${runner ?? "a runner"} failed: ${error.message}`);
    this.#deps.events.emit("bootFailed", { runner, error });
  }

  #leaving(entry: RunnerEntry<R>, reason: string): void {
    if (entry.state !== "ready") return;
    this.#note(`drain ${entry.id}: ${reason}`);
    this.#letGo(entry, reason);
    this.#deps.changed();
  }

  #responsive(entry: RunnerEntry<R>, responsive: boolean): void {
    if (entry.state !== "ready" || entry.responsive === responsive) return;
    this.#deps.state.setResponsive(entry, responsive);
    this.#note(`${entry.id} ${responsive ? "answers again" : "does not answer"}`);
    this.#deps.events.emit("responsive", { runner: entry.id, responsive });
    this.#deps.changed();
  }

  #ended(entry: RunnerEntry<R>, error: RunnerLostError | null): void {
    if (entry.state === "gone") return;
    this.#deps.state.remove(entry, this.#now());
    if (error === null) {
      this.#note(`${entry.id} retired`);
      this.#deps.events.emit("retired", { runner: entry.id });
    } else {
      this.#note(error.message);
      this.#deps.events.emit("lost", { runner: entry.id, error });
    }
    this.#deps.changed();
  }
}
