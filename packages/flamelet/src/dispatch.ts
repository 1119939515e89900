import { FlameError } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import type { Pool } from "./pool-handle.ts";
import { keepAlive, letEnd } from "./keep-alive.ts";
import type { Lease } from "./pool/lease.ts";
import { markRemoteFrames } from "./remote-frames.ts";
import type { Attempt, Work, Worker, WorkOwner } from "./runner/work.ts";

/**
 * Runs a piece of work on a pool: asks for a slot, hands the work to the runner, and goes elsewhere when it provably did
 * not start there. The value never passes through the pool.
 */
export function dispatch(pool: Pool, work: Work, options: CallOptions): Promise<unknown> {
  return new Promise((resolve, reject) => new Dispatch(pool, work, options, resolve, reject).begin());
}

/** A class and not a function that awaits: this runs for every call, and an await costs more than all that it does. */
class Dispatch {
  readonly #pool: Pool;
  readonly #work: Work;
  readonly #options: CallOptions;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  // Going elsewhere does not give it another patience, and the time that it ran somewhere is no part of it.
  #patience: number;
  #retries: number;
  /** Runners that sent it away: it must not go there again, nor wait at the end of the queue a second time. */
  #exclude: Set<string> | undefined;
  /** Once it may have run, that is what there is to say, whatever becomes of another attempt. */
  #ran: { readonly error: unknown } | null = null;

  constructor(
    pool: Pool,
    work: Work,
    options: CallOptions,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.#pool = pool;
    this.#work = work;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#patience = options.queueTimeout ?? pool.core.options.queueTimeout;
    this.#retries = options.retry ?? 0;
  }

  begin(): void {
    if (this.#work.signal?.aborted === true) return this.#reject(this.#work.signal.reason);
    keepAlive();
    this.#ask();
  }

  #ask(): void {
    const { core, clock } = this.#pool;
    const { signal } = this.#work;
    const { key } = this.#options;
    const leased = core.acquire({ queueTimeout: this.#patience, signal, key, exclude: this.#exclude });
    if (!(leased instanceof Promise)) return this.#run(leased);
    const asked = clock.now();
    const given = (lease: Lease<Worker>): void => {
      this.#patience = Math.max(1, Math.ceil(this.#patience - (clock.now() - asked)));
      this.#run(lease);
    };
    leased.then(given, (error: unknown) => {
      letEnd();
      this.#reject(this.#ran === null || signal?.aborted === true ? error : this.#ran.error);
    });
  }

  #run(lease: Lease<Worker>): void {
    const { signal } = this.#work;
    if (signal?.aborted === true) {
      // While the slot was on its way here.
      lease.release();
      letEnd();
      return this.#reject(signal.reason);
    }
    lease.runner.run(this.#work, new Turn(this, lease));
  }

  /** Returns whether there will be another attempt: when it never started, or was lost and its caller allows for that. */
  settled(attempt: Attempt, runner: string): boolean {
    if ("value" in attempt) {
      this.#resolve(attempt.value);
      return false;
    }
    if ("moved" in attempt) {
      (this.#exclude ??= new Set()).add(runner);
    } else if ("lost" in attempt && this.#retries > 0) {
      this.#ran = { error: attempt.lost };
      this.#retries -= 1;
    } else {
      this.#reject(note("lost" in attempt ? attempt.lost : attempt.error, runner, this.#work));
      return false;
    }
    // Not here: the runner is in the middle of something.
    queueMicrotask(() => this.#ask());
    return true;
  }
}

/** One attempt: a slot, and what becomes of the work in it. */
class Turn implements WorkOwner {
  readonly #dispatch: Dispatch;
  readonly #lease: Lease<Worker>;
  /** Whether there will not be another one. */
  #last = false;
  #ended = false;

  constructor(dispatch: Dispatch, lease: Lease<Worker>) {
    this.#dispatch = dispatch;
    this.#lease = lease;
  }

  settled(attempt: Attempt): void {
    this.#last = !this.#dispatch.settled(attempt, this.#lease.runner.id);
    if (this.#ended && this.#last) letEnd();
  }

  ended(): void {
    this.#ended = true;
    this.#lease.release();
    if (this.#last) letEnd();
  }
}

/**
 * Says on which runner an error arose, where the error can carry it. One that has a runner already came from further away,
 * and the reason of a signal is the caller's own.
 */
function note(error: unknown, runner: string, { signal, local }: Work): unknown {
  if (signal?.aborted === true && error === signal.reason) return error;
  const known = (error as { runner?: unknown } | null)?.runner;
  if (!(error instanceof Error) || known !== undefined || !Object.isExtensible(error)) return error;
  Object.defineProperty(error, "runner", { value: runner, configurable: true, writable: true });
  // Those of flamelet itself are made here.
  if (local === null && !FlameError.is(error)) markRemoteFrames(error, runner);
  return error;
}
