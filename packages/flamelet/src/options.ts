import type { Backend } from "./backends/backend.ts";
import type { InlineBackend } from "./backends/inline.ts";
import { OptionError } from "./errors.ts";

/** What provisions a pool's runners: a backend, or this very process. */
export type PoolBackend = Backend | InlineBackend;

/**
 * How a pool behaves. All durations are milliseconds, greater than 0; `Infinity` means never. `undefined` means the
 * default. Anything that is not listed here is an error.
 */
export interface PoolOptions {
  /** How many runners exist even when there is nothing to do. They boot at once, and are replaced when lost. Default 0. */
  min?: number | undefined;
  /** How many runners may exist at once, whatever they do: booting, ready, or draining until they are gone. Default 10. */
  max?: number | undefined;
  /** How many pieces of work run at the same time on one runner. Default 5. */
  maxConcurrency?: number | undefined;
  /** How many spare slots are kept while anything runs or waits, so that the next calls need not wait. Default 0. */
  buffer?: number | undefined;
  /** How long a runner that `min` does not need stays idle. Starts when its last work ended. Default 30 s. */
  idleShutdownAfter?: number | undefined;
  /**
   * How long the runners that make up `min` stay when the whole pool has nothing to do. Starts when the pool's last
   * work ended; the next call brings them back. Default `Infinity`.
   */
  minIdleShutdownAfter?: number | undefined;
  /** How long a boot may take. Starts when the machine is asked for, ends when the runner is ready. Default 30 s. */
  bootTimeout?: number | undefined;
  /** How long a call may wait for a slot. Starts when the slot is asked for. Default 60 s. */
  queueTimeout?: number | undefined;
  /** How long a call may run. Starts when the work starts, so it never includes the queue or a boot. Default 30 s. */
  timeout?: number | undefined;
  /** How long a draining runner's work may take to end before it is killed. Starts with the drain. Default 30 s. */
  shutdownTimeout?: number | undefined;
  /** How many calls may wait for a slot; one more is refused at once. `Infinity` is allowed. Default 10 000. */
  maxQueue?: number | undefined;
  /**
   * Which runner with a free slot gets the next call. `"pack"`: the fullest one, so that the others become idle and
   * go. `"spread"`: the emptiest one, so that calls disturb each other least. Default `"pack"`.
   */
  placement?: Placement | undefined;
  /**
   * How many machines are kept prepared but not running, where the backend has such machines (`fly` does): a boot takes one
   * of them first, which is much faster. They are shared by all parents of the same pool and build, they cost little, and
   * `max` does not count them. Does nothing on other backends. Default none.
   */
  standby?: StandbyOptions | undefined;
  /** What provisions the runners. Cannot be changed later. */
  backend?: PoolBackend | undefined;
}

export type Placement = "pack" | "spread";

export interface StandbyOptions {
  /** How many are there to be taken. */
  readonly count: number;
  /**
   * `"stopped"`: they boot when they are taken, and are put back when their runner has retired. `"suspended"`: their app is
   * loaded already and goes on within moments; each is taken once. Default `"stopped"`.
   */
  readonly mode?: "stopped" | "suspended" | undefined;
}

/** All options of a pool, with their defaults filled in. */
export interface ResolvedPoolOptions {
  readonly min: number;
  readonly max: number;
  readonly maxConcurrency: number;
  readonly buffer: number;
  readonly idleShutdownAfter: number;
  readonly minIdleShutdownAfter: number;
  readonly bootTimeout: number;
  readonly queueTimeout: number;
  readonly timeout: number;
  readonly shutdownTimeout: number;
  readonly maxQueue: number;
  readonly placement: Placement;
  readonly standby: StandbyOptions;
  /** What was given, or null: then the caller chooses one. */
  readonly backend: PoolBackend | null;
}

/** How one call behaves. What is left out is as the pool has it. */
export interface CallOptions {
  /** Aborting it rejects the caller at once with its reason: a queued call is gone, a running one sees its own signal abort. */
  signal?: AbortSignal | undefined;
  /** How long the work may run, in ms from its start. Default: the pool's `timeout`. */
  timeout?: number | undefined;
  /** How long the call may wait for a slot, in ms from when it was made. Default: the pool's `queueTimeout`. */
  queueTimeout?: number | undefined;
  /** Waiting calls of different keys take turns, so that one busy customer does not hold up the others. */
  key?: string | undefined;
  /** How many times the call may be run again although it may have run already, after its runner was lost. Default 0. */
  retry?: number | undefined;
}

/** How a `map` behaves; what `CallOptions` say holds for each of its items. */
export interface MapOptions extends CallOptions {
  /** How many items are under way at once, `Infinity` allowed. Default: as many as the pool can have slots. */
  concurrency?: number | undefined;
  /** Whether results come in the order of their inputs, rather than as they are ready. Default true. */
  ordered?: boolean | undefined;
}

const DEFAULTS: ResolvedPoolOptions = Object.freeze({
  min: 0,
  max: 10,
  maxConcurrency: 5,
  buffer: 0,
  idleShutdownAfter: 30_000,
  minIdleShutdownAfter: Infinity,
  bootTimeout: 30_000,
  queueTimeout: 60_000,
  timeout: 30_000,
  shutdownTimeout: 30_000,
  maxQueue: 10_000,
  placement: "pack",
  standby: { count: 0 },
  backend: null,
});

interface Check {
  /** Completes the sentence "option x must be …". */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const duration: Check = {
  expected: "a number of milliseconds > 0, or Infinity",
  accepts: (value) => typeof value === "number" && value > 0,
};

const text: Check = { expected: "a string", accepts: (value) => typeof value === "string" };

const flag: Check = { expected: "true or false", accepts: (value) => typeof value === "boolean" };

const signal: Check = {
  expected: "an AbortSignal",
  accepts: (value) => value instanceof AbortSignal,
};

const placement: Check = {
  expected: '"pack" or "spread"',
  accepts: (value) => value === "pack" || value === "spread",
};

const standby: Check = {
  expected: '{ count, mode } with a whole number ≥ 0 and "stopped" or "suspended"',
  accepts: (value) => {
    if (typeof value !== "object" || value === null) return false;
    const { count: wanted, mode = "stopped", ...others } = value as StandbyOptions;
    const known = (mode as string) === "stopped" || (mode as string) === "suspended";
    return known && count(0).accepts(wanted) && Object.keys(others).length === 0;
  },
};

const backend: Check = {
  expected: "a backend, such as flame.backend.process()",
  accepts: (value) =>
    typeof value === "object" && value !== null && typeof (value as { name?: unknown }).name === "string",
};

function count(least: number): Check {
  return {
    expected: `a whole number ≥ ${least}`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= least,
  };
}

function unbounded(check: Check): Check {
  return {
    expected: `${check.expected}, or Infinity`,
    accepts: (value) => value === Infinity || check.accepts(value),
  };
}

const POOL_CHECKS: Record<keyof PoolOptions, Check> = {
  min: count(0),
  max: count(1),
  maxConcurrency: count(1),
  buffer: count(0),
  idleShutdownAfter: duration,
  minIdleShutdownAfter: duration,
  bootTimeout: duration,
  queueTimeout: duration,
  timeout: duration,
  shutdownTimeout: duration,
  maxQueue: unbounded(count(0)),
  placement,
  standby,
  backend,
};

const CALL_CHECKS: Record<keyof CallOptions, Check> = {
  signal,
  timeout: duration,
  queueTimeout: duration,
  key: text,
  retry: count(0),
};

const MAP_CHECKS: Record<keyof MapOptions, Check> = {
  ...CALL_CHECKS,
  concurrency: unbounded(count(1)),
  ordered: flag,
};

/**
 * Checks `options` as a whole and fills in what is missing: from `previous` when they change a pool that exists, else
 * from the defaults. Throws one `OptionError` that tells all that is wrong.
 */
export function resolvePoolOptions(
  name: string,
  options: PoolOptions,
  previous?: ResolvedPoolOptions,
): ResolvedPoolOptions {
  if (typeof name !== "string" || name === "") {
    throw new OptionError(`the name of a pool must be a string that is not empty, got ${show(name)}`);
  }
  const where = `pool "${name}"`;
  const wrong = problems(where, options, POOL_CHECKS);
  if (wrong.length === 0) {
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    const resolved: ResolvedPoolOptions = Object.freeze({ ...(previous ?? DEFAULTS), ...given });
    if (resolved.min > resolved.max) {
      wrong.push(`option "min" of ${where} must be at most max (${resolved.max}), got ${resolved.min}`);
    }
    const slots = resolved.max * resolved.maxConcurrency;
    if (resolved.buffer > slots) {
      wrong.push(`option "buffer" of ${where} must be at most max × maxConcurrency (${slots}), got ${resolved.buffer}`);
    }
    if (previous !== undefined && resolved.backend !== previous.backend) {
      wrong.push(`option "backend" of ${where} cannot be changed once the pool exists`);
    }
    const before = previous?.standby;
    if (before !== undefined && before.count > 0 && before.mode !== resolved.standby.mode) {
      wrong.push(
        `the mode of option "standby" of ${where} cannot be changed while there are any: set its count to 0 first`,
      );
    }
    if (wrong.length === 0) return resolved;
  }
  throw new OptionError(wrong.join("; "));
}

/** Throws an `OptionError` unless `options` are right for `verb`, such as `flame.call`. */
export function checkCallOptions(verb: string, options: CallOptions): void {
  check(verb, options, CALL_CHECKS);
}

/** As `checkCallOptions`, for `flame.map`. */
export function checkMapOptions(verb: string, options: MapOptions): void {
  check(verb, options, MAP_CHECKS);
}

/** Throws an `OptionError` unless `value`, an argument of that name, is a duration. */
export function checkDuration(what: string, value: unknown): void {
  if (!duration.accepts(value)) throw new OptionError(`${what} must be ${duration.expected}, got ${show(value)}`);
}

function check(where: string, options: object, checks: Record<string, Check>): void {
  const wrong = problems(where, options, checks);
  if (wrong.length > 0) throw new OptionError(wrong.join("; "));
}

function problems(where: string, options: unknown, checks: Record<string, Check>): string[] {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    return [`the options of ${where} must be an object, got ${show(options)}`];
  }
  const wrong: string[] = [];
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, option)) {
      wrong.push(`${where} has no option "${option}": ${suggest(option, Object.keys(checks))}`);
      continue;
    }
    const { accepts, expected } = checks[option] as Check;
    if (value !== undefined && !accepts(value)) {
      wrong.push(`option "${option}" of ${where} must be ${expected}, got ${show(value)}`);
    }
  }
  return wrong;
}

/** Objects are only named by their kind: what they hold could be a secret. */
function show(value: unknown): string {
  if (typeof value === "string") return value.length > 40 ? "a long string" : JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

function suggest(wrong: string, known: readonly string[]): string {
  const near = known
    .map((option) => ({ option, edits: edits(wrong.toLowerCase(), option.toLowerCase()) }))
    .filter(({ option, edits }) => edits <= Math.max(2, option.length / 3))
    .toSorted((a, b) => a.edits - b.edits)[0];
  return near === undefined ? `there are ${known.join(", ")}` : `did you mean "${near.option}"?`;
}

/** How many single letters must be put in, left out or changed to make `b` of `a`. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(changed, (above[j] as number) + 1, (row[j - 1] as number) + 1));
    }
  }
  return row[b.length] as number;
}
