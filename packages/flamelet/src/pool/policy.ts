import type { ResolvedPoolOptions } from "../options.ts";
import type { BootGate } from "./breaker.ts";

/** One runner, as the policy sees it. */
export interface RunnerView {
  readonly id: string;
  /** How many of its slots are held. */
  readonly load: number;
  /** For a booting runner, when its boot started; for an idle one, since when it is idle. */
  readonly since: number;
  /** Whether its event loop answers. */
  readonly responsive: boolean;
}

/** All that the policy may know of a pool. */
export interface PoolView {
  readonly options: Pick<
    ResolvedPoolOptions,
    "min" | "max" | "maxConcurrency" | "buffer" | "idleShutdownAfter" | "minIdleShutdownAfter"
  >;
  /** Calls that wait, after every free slot that can be given was given. */
  readonly queued: number;
  /** Slots held, of the ready runners. */
  readonly inFlight: number;
  /** Slots free, of the ready runners that respond. */
  readonly free: number;
  /** Oldest boot first. */
  readonly booting: ReadonlySet<RunnerView>;
  readonly ready: ReadonlySet<RunnerView>;
  /** Those of the ready runners that have no work; idle for longest first. */
  readonly idle: Iterable<RunnerView> & { readonly size: number };
  /** How many runners are on their way out, and still exist. */
  readonly draining: number;
  /** Whether somebody waits until `min` runners are ready. */
  readonly awaited: boolean;
  /** When the pool last had something to do, or got a runner. */
  readonly activeAt: number;
  readonly boots: BootGate;
  /** Whether the pool lets go of everything. */
  readonly closing: boolean;
}

/** What is to be done, and why, in a sentence that was true when it was decided. */
export type Decision =
  | { readonly kind: "boot"; readonly count: number; readonly reason: string }
  | { readonly kind: "cancelBoot"; readonly runner: string; readonly reason: string }
  | { readonly kind: "retire"; readonly runner: string; readonly reason: string };

export interface Plan {
  readonly decisions: readonly Decision[];
  /** When time alone could change the plan, at the earliest; `Infinity` if it cannot. */
  readonly wakeAt: number;
}

/**
 * Decides how many runners a pool should have. Pure, so that the same code runs in production, in simulations and in the
 * replay of traces. In this order: what `max` forbids goes; boots that nobody needs are cancelled; what is missing is
 * booted; what has been idle for long enough retires.
 */
export function decide(view: PoolView, now: number): Plan {
  const decisions: Decision[] = [];
  if (view.closing) {
    const reason = "the pool is closing";
    for (const { id } of view.booting) decisions.push({ kind: "cancelBoot", runner: id, reason });
    for (const { id } of view.ready) decisions.push({ kind: "retire", runner: id, reason });
    return { decisions, wakeAt: Infinity };
  }
  retireAboveMax(view, decisions);
  const bootsAt = adjustBoots(view, now, decisions);
  const idleAt = retireIdle(view, now, decisions);
  return { decisions, wakeAt: Math.min(bootsAt, idleAt) };
}

/** How many more slots are needed than the ready runners have. */
export function missingSlots(view: PoolView): number {
  // Calls that wait could not be given any of the free slots, so these only count towards the buffer.
  return view.queued + Math.max(0, wantedSpare(view) - view.free);
}

/** How many booting or ready runners `min` asks for now. */
export function floor(view: PoolView, now: number): number {
  return now >= restsAt(view) ? 0 : view.options.min;
}

/** From when on nobody needs the runners that make up `min`, unless something comes up. */
export function restsAt(view: PoolView): number {
  // Its clock stands still while runners boot, or they would never be ready where that takes longer.
  const counts = !isActive(view) && !view.awaited && view.booting.size === 0;
  return counts ? view.activeAt + view.options.minIdleShutdownAfter : Infinity;
}

function isActive(view: PoolView): boolean {
  return view.inFlight + view.queued > 0;
}

function wantedSpare(view: PoolView): number {
  return isActive(view) ? view.options.buffer : 0;
}

function retireAboveMax(view: PoolView, decisions: Decision[]): void {
  const { max } = view.options;
  const surplus = view.ready.size - max;
  if (surplus <= 0) return;
  const leastNeeded = [...view.ready].toSorted((a, b) => a.load - b.load || a.since - b.since);
  const reason = `max is ${max} now, and ${view.ready.size} runners are ready`;
  for (const { id } of leastNeeded.slice(0, surplus)) decisions.push({ kind: "retire", runner: id, reason });
}

/** Boots what is missing, or cancels what is too much. Returns when a boot that must wait may be started. */
function adjustBoots(view: PoolView, now: number, decisions: Decision[]): number {
  const { max, maxConcurrency, min } = view.options;
  const missing = missingSlots(view);
  const least = floor(view, now);
  const needed = Math.max(Math.ceil(missing / maxConcurrency), least - view.ready.size, 0);

  const keep = Math.min(needed, Math.max(0, max - view.ready.size));
  const surplus = view.booting.size - keep;
  if (surplus > 0) {
    const reason =
      keep < needed
        ? `max is ${max} now, and ${view.ready.size + view.booting.size} runners are ready or booting`
        : `${slots(missing)} missing, min is ${min}, and ${runners(view.booting.size)} booting`;
    // The newest boots have the most left to do.
    for (const { id } of [...view.booting].slice(-surplus)) decisions.push({ kind: "cancelBoot", runner: id, reason });
    return Infinity;
  }

  const room = max - view.ready.size - view.booting.size - view.draining;
  const count = Math.min(needed - view.booting.size, room);
  if (count <= 0) return Infinity;
  if (now < view.boots.notBefore) return view.boots.notBefore;
  const allowed = Math.min(count, view.boots.limit - view.booting.size);
  if (allowed <= 0) return Infinity;
  decisions.push({ kind: "boot", count: allowed, reason: bootReason(view, least) });
  return Infinity;
}

function bootReason(view: PoolView, least: number): string {
  const { buffer } = view.options;
  const causes: string[] = [];
  if (view.queued > 0) causes.push(`${calls(view.queued)} for a slot`);
  if (wantedSpare(view) > view.free) causes.push(`buffer is ${buffer} and ${slots(view.free)} free`);
  const alive = view.ready.size + view.booting.size;
  if (alive < least) causes.push(`min is ${view.options.min} and ${runners(alive)} ready or booting`);
  if (view.booting.size > 0) causes.push(`${runners(view.booting.size)} booting already`);
  if (view.boots.lastError !== null) causes.push("the last boot failed");
  return causes.join(", ");
}

/** Retires what has been idle for long enough. Returns when the next one will have been. */
function retireIdle(view: PoolView, now: number, decisions: Decision[]): number {
  if (view.idle.size === 0) return Infinity;
  const { min, maxConcurrency, idleShutdownAfter, minIdleShutdownAfter } = view.options;
  const retired = retiredBy(decisions);
  let left = view.ready.size - retired.length;
  let spare = view.free - wantedSpare(view);
  for (const { id, since, responsive } of view.idle) {
    if (retired.includes(id)) continue;
    const cost = responsive ? maxConcurrency : 0;
    if (wantedSpare(view) > 0 && spare < cost) return Infinity;
    const beyondMin = left > min;
    const due = beyondMin ? since + idleShutdownAfter : restsAt(view);
    if (now < due) return due;
    const reason = beyondMin
      ? `it was idle for ${now - since} ms (option idleShutdownAfter), and min is ${min}`
      : `the pool had nothing to do for ${now - view.activeAt} ms (option minIdleShutdownAfter is ${minIdleShutdownAfter})`;
    decisions.push({ kind: "retire", runner: id, reason });
    left--;
    spare -= cost;
  }
  return Infinity;
}

const NONE: readonly string[] = [];

function retiredBy(decisions: readonly Decision[]): readonly string[] {
  // This runs for every call, after most of which there is nothing to do.
  if (decisions.length === 0) return NONE;
  return decisions.filter((decision) => decision.kind === "retire").map(({ runner }) => runner);
}

/** Why the calls that wait do so: what stands between them and a slot, in one sentence. */
export function whyWaiting(view: PoolView, now: number): string {
  const { max } = view.options;
  const causes: string[] = [];
  const busy = view.ready.size - view.idle.size;
  if (busy > 0) causes.push(`${runners(busy)} busy`);
  const blocked = [...view.ready].filter((runner) => !runner.responsive).length;
  if (blocked > 0) causes.push(`${runners(blocked)} unresponsive`);
  if (view.booting.size > 0) causes.push(`${runners(view.booting.size)} booting`);
  if (view.draining > 0) causes.push(`${runners(view.draining)} draining`);
  const existing = view.ready.size + view.booting.size + view.draining;
  if (existing >= max) causes.push(`max is ${max}`);
  else if (view.boots.notBefore > now)
    causes.push(`the next boot is tried in ${Math.ceil(view.boots.notBefore - now)} ms`);
  if (view.boots.lastError !== null) causes.push(`the last boot failed: ${firstLine(view.boots.lastError.message)}`);
  return causes.length > 0 ? causes.join(", ") : "no runner exists";
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] as string;
}

function runners(n: number): string {
  return n === 1 ? "1 runner is" : `${n} runners are`;
}

function slots(n: number): string {
  if (n === 0) return "no slot is";
  return n === 1 ? "1 slot is" : `${n} slots are`;
}

function calls(n: number): string {
  return n === 1 ? "1 call waits" : `${n} calls wait`;
}
