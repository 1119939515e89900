import type { CallOptions } from "./options.ts";
import type { Pool } from "./pool-handle.ts";
import { keepAlive } from "./keep-alive.ts";
import type { Lease } from "./pool/lease.ts";
import type { Attempt, Work, Worker } from "./runner/work.ts";

/**
 * Runs a piece of work on a pool: asks for a slot, hands the work to the runner, and goes elsewhere when it provably did
 * not start there. The value never passes through the pool.
 */
export async function dispatch(pool: Pool, work: Work, options: CallOptions): Promise<unknown> {
  work.signal?.throwIfAborted();
  const letGo = keepAlive();
  const { core, clock } = pool;
  // Going elsewhere does not give it another patience, and the time that it ran somewhere is no part of it.
  let patience = options.queueTimeout ?? core.options.queueTimeout;
  let retries = options.retry ?? 0;
  // Runners that sent it away: it must not go there again, nor wait at the end of the queue a second time.
  let exclude: Set<string> | undefined;
  // Once it may have run, that is what there is to say, whatever becomes of another attempt.
  let ran: { readonly error: unknown } | null = null;
  for (;;) {
    let lease: Lease<Worker>;
    try {
      const leased = core.acquire({ queueTimeout: patience, signal: work.signal, key: options.key, exclude });
      if (leased instanceof Promise) {
        const asked = clock.now();
        lease = await leased;
        patience = Math.max(1, Math.ceil(patience - (clock.now() - asked)));
      } else {
        lease = leased;
      }
    } catch (error) {
      letGo();
      throw ran === null || work.signal?.aborted === true ? error : ran.error;
    }
    const { runner } = lease;
    if (work.signal?.aborted === true) {
      // While the slot was on its way here.
      lease.release();
      letGo();
      throw work.signal.reason;
    }
    const attempt = await new Promise<Attempt>((settled) => {
      let last = false;
      let ended = false;
      runner.run(
        work,
        (outcome) => {
          last = !goesOn(outcome, retries);
          if (ended && last) letGo();
          settled(outcome);
        },
        () => {
          ended = true;
          lease.release();
          if (last) letGo();
        },
      );
    });
    if ("value" in attempt) return attempt.value;
    if (!goesOn(attempt, retries)) throw note("lost" in attempt ? attempt.lost : attempt.error, runner.id, work.signal);
    if ("moved" in attempt) {
      (exclude ??= new Set()).add(runner.id);
    } else {
      ran = { error: attempt.lost };
      retries -= 1;
    }
  }
}

/** Whether there will be another attempt: when it never started, or its runner was lost and the caller allows for that. */
function goesOn(
  attempt: Attempt,
  retries: number,
): attempt is Exclude<Attempt, { value: unknown } | { error: unknown }> {
  return "moved" in attempt || ("lost" in attempt && retries > 0);
}

/**
 * Says on which runner an error arose, where the error can carry it. One that has a runner already came from further away,
 * and the reason of a signal is the caller's own.
 */
function note(error: unknown, runner: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true && error === signal.reason) return error;
  const known = (error as { runner?: unknown } | null)?.runner;
  if (error instanceof Error && known === undefined && Object.isExtensible(error))
    Object.defineProperty(error, "runner", { value: runner, configurable: true, writable: true });
  return error;
}
