import type { RunnerControl } from "../runner/runner-control.ts";
import type { RunnerEntry } from "./runner-entry.ts";

/** One slot of one runner. It belongs to the work: whoever hears that the work has ended gives it back. */
export interface Lease<R extends RunnerControl = RunnerControl> {
  readonly runner: R;
  /** Gives the slot back. Doing so again, or after the runner's end, does nothing. */
  release(): void;
}

/** What a slot is asked for with. */
export interface AcquireRequest {
  /** Aborting it while the call waits rejects it with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait, in ms from now. Default: the pool's `queueTimeout`. */
  readonly queueTimeout?: number | undefined;
  /** Waiting calls of different keys take turns. */
  readonly key?: string | undefined;
  /**
   * Ids of runners that must not be given. Meant for a call that had a slot and was sent back because its runner was
   * leaving: it has waited its turn already, so it goes before all others, and `maxQueue` does not count it.
   */
  readonly exclude?: ReadonlySet<string> | undefined;
}

export class HeldSlot<R extends RunnerControl> implements Lease<R> {
  readonly runner: R;
  #entry: RunnerEntry<R> | null;
  readonly #giveBack: (entry: RunnerEntry<R>) => void;

  constructor(entry: RunnerEntry<R>, giveBack: (entry: RunnerEntry<R>) => void) {
    this.runner = entry.runner;
    this.#entry = entry;
    this.#giveBack = giveBack;
  }

  release(): void {
    const entry = this.#entry;
    if (entry === null) return;
    this.#entry = null;
    this.#giveBack(entry);
  }
}
