import type { DecisionLog } from "./decision-log.ts";
import { floor, missingSlots, restsAt, whyWaiting, type PoolView } from "./policy.ts";
import type { PoolStats } from "./state.ts";

/** How many of the calls that wait are told of one by one. */
const CALLS_TOLD = 20;

/** One call that waits, as `explain` tells of it. */
export interface WaitingCall {
  readonly key: string | undefined;
  readonly since: number;
  readonly exclude: ReadonlySet<string> | undefined;
}

/** Tells in sentences why a pool is the size it is, what the calls that wait are waiting for, and what it did last. */
export function explainPool(
  name: string,
  view: PoolView,
  stats: PoolStats,
  waiting: Iterable<WaitingCall>,
  log: DecisionLog,
  now: number,
): string {
  const lines = [
    `Pool "${name}" has ${stats.runners} of at most ${view.options.max} runners: ${stats.booting} booting, ` +
      `${stats.ready} ready (${stats.idle} idle), ${stats.draining} draining.`,
    `Slots held: ${stats.inFlight}, free: ${view.free}. Calls that wait: ${stats.queued}.`,
    ...sizeReasons(view, now),
  ];
  if (stats.queued > 0) lines.push("", "Waiting:", ...waitingLines(view, stats, waiting, now));
  const entries = log.newestFirst();
  if (entries.length > 0) lines.push("", "Last decisions and events:");
  for (const { at, text } of entries) lines.push(`  ${age(now - at)} ago: ${text}`);
  return lines.join("\n");
}

function sizeReasons(view: PoolView, now: number): string[] {
  const { min, max, maxConcurrency, buffer, idleShutdownAfter } = view.options;
  if (view.closing) return ["It is closing: it takes no more work, and its runners go when theirs has ended."];
  const reasons: string[] = [];
  const missing = missingSlots(view);
  if (missing > 0) {
    reasons.push(
      `Slots missing: ${missing}, at ${maxConcurrency} to a runner${buffer > 0 ? `, and buffer asks for ${buffer} spare ones` : ""}: ${whyWaiting(view, now)}.`,
    );
  } else if (view.boots.lastError !== null) {
    reasons.push(`Boots fail at present: ${whyWaiting(view, now)}.`);
  }
  const [idlest] = view.idle;
  if (idlest !== undefined && view.ready.size > min) {
    reasons.push(`Runner ${idlest.id} has been idle for ${age(now - idlest.since)} of ${age(idleShutdownAfter)}.`);
  }
  if (floor(view, now) > 0) {
    const until = restsAt(view) === Infinity ? "" : ` for another ${age(restsAt(view) - now)} of nothing to do`;
    reasons.push(`min keeps ${min} of its runners${until}.`);
  } else if (min > 0) {
    reasons.push(`min is ${min}, and does not count until the next call, as nothing was to do for long enough.`);
  }
  if (view.ready.size + view.booting.size + view.draining > max) {
    reasons.push(`max was lowered to ${max}: the surplus leaves as its work ends.`);
  }
  return reasons;
}

function waitingLines(view: PoolView, stats: PoolStats, waiting: Iterable<WaitingCall>, now: number): string[] {
  const why = whyWaiting(view, now);
  const lines: string[] = [];
  for (const { key, since, exclude } of waiting) {
    if (lines.length === CALLS_TOLD) {
      lines.push(`  and ${stats.queued - CALLS_TOLD} more`);
      break;
    }
    const who = key === undefined ? "a call" : `a call of key ${JSON.stringify(key)}`;
    const not = exclude === undefined ? "" : ` other than of ${[...exclude].join(", ")}`;
    lines.push(`  ${who} has waited ${age(now - since)} for a slot${not}: ${why}`);
  }
  return lines;
}

function age(ms: number): string {
  if (ms === Infinity) return "forever";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
