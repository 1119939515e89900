import type { Clock } from "./clock.ts";
import type { Subscribe } from "./events.ts";
import { aliveUntil } from "./keep-alive.ts";
import { type CallOptions, checkCallOptions, type PoolOptions } from "./options.ts";
import type { PoolCore } from "./pool/pool.ts";
import type { PoolEvents } from "./pool/pool-events.ts";
import type { PoolStats } from "./pool/state.ts";
import type { Worker } from "./runner/work.ts";

/**
 * A named, elastic set of runners: what `flame.pool` gives, and what the verbs take. Elsewhere, a pool that was captured
 * or passed arrives as the pool of the same name over there.
 */
export class Pool implements AsyncDisposable {
  readonly name: string;
  /** @internal */
  readonly core: PoolCore<Worker>;
  /** @internal */
  readonly clock: Clock;
  /** @internal What runs an uncompiled closure; only the inline backend can. */
  readonly inline: { readonly check: boolean } | null;
  /** @internal Options for calls that come through `with`. */
  readonly callDefaults: CallOptions;
  /** Calls `listener` for each event of that name, outside of the pool's own step; returns what stops it. */
  readonly on: Subscribe<PoolEvents>;

  /** @internal Use `flame.pool`. */
  constructor(
    core: PoolCore<Worker>,
    clock: Clock,
    inline: { readonly check: boolean } | null,
    callDefaults: CallOptions = {},
  ) {
    this.name = core.name;
    this.core = core;
    this.clock = clock;
    this.inline = inline;
    this.callDefaults = callDefaults;
    this.on = (name, listener) => core.events.on(name, listener);
  }

  /**
   * Resolves when the pool's `min` runners are ready (at once when `min` is 0). Rejects with the `BootError` when they
   * never will be.
   */
  get ready(): Promise<void> {
    return aliveUntil(this.core.ready());
  }

  /** How many runners there are and what they do, how many calls run and wait; true at this instant. */
  stats(): PoolStats {
    return this.core.stats();
  }

  /** In sentences: why the pool is the size it is, what queued calls wait for, what was decided lately and why. */
  explain(): string {
    return this.core.explain();
  }

  /** Changes options while the pool works; what is not named stays as it is. Takes effect at once. */
  update(options: Partial<Omit<PoolOptions, "backend">>): void {
    this.core.update(options);
  }

  /**
   * The same pool, with call options for every verb that is used through it: the way to give options to a call of a named
   * function, whose arguments are all its own. `flame.call(ffmpeg.with({ timeout: 5_000 }), probe, path)`
   */
  with(options: CallOptions): Pool {
    checkCallOptions("pool.with", options);
    return new Pool(this.core, this.clock, this.inline, { ...this.callDefaults, ...options });
  }

  /**
   * Takes no more work, rejects what is queued as not started, lets what runs end within `timeout` (default: the pool's
   * `shutdownTimeout`), and lets the runners go. Resolves when all are gone.
   */
  drain(timeout?: number): Promise<void> {
    return aliveUntil(this.core.drain(timeout));
  }

  /** Ends the pool now: what runs is lost. Resolves when all runners are gone. */
  close(): Promise<void> {
    return aliveUntil(this.core.close());
  }

  /** @internal Nobody waits for a cast, so its failure is told to whoever listens, or to the process. */
  castFailed(error: unknown): void {
    if (this.core.events.heard("castFailed")) return this.core.events.emit("castFailed", { error });
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`a cast on pool "${this.name}" failed: ${text}`, "FlameletWarning");
  }

  /** Drains. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }
}
