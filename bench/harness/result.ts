import type { Case, Goal, Metric, Role } from "./case.ts";
import { median } from "./latency.ts";
import type { Machine } from "./machine.ts";
import type { Measured } from "./rounds.ts";

/** A number over all rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What came out of a case: everything that a table, a plot or a page of the docs needs. */
export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly yardstick: string | null;
  readonly rows: readonly Row[];
  readonly goals: readonly GoalResult[];
  /** Why contenders did not take part. */
  readonly unavailable: Readonly<Record<string, string>>;
  /** For each metric, by how much the yardstick varied between rounds, as a share of its median. */
  readonly noise: Readonly<Record<string, number>>;
  readonly seconds: number;
}

export interface Row {
  readonly contender: string;
  readonly role: Role;
  readonly values: Readonly<Record<string, Spread>>;
  /** The quotients over the yardstick, each of one round. */
  readonly ratios: Readonly<Record<string, Spread>>;
}

export interface GoalResult extends Goal {
  /** What is held against the goal; null when it was not measured. */
  readonly reached: Spread | null;
  readonly better: Metric["better"];
  readonly verdict: "goal" | "solid" | "missed" | "not measured";
}

/** Results of one run. */
export interface RunResult {
  readonly date: string;
  readonly rounds: number;
  readonly short: boolean;
  /** The core that latency was taken on; null when processes could not be pinned. */
  readonly core: number | null;
  readonly machine: Machine;
  readonly cases: readonly CaseResult[];
}

export function resultOf(name: string, each: Case, measured: Measured, seconds: number): CaseResult {
  const { title, about, metrics, yardstick } = each;
  const names = Object.keys(metrics);
  const over = (contender: string, metric: string): Spread | null =>
    yardstick === null ? null : compared(measured, contender, metric, yardstick, metric, (a, b) => a / b);
  const rows = Object.entries(each.contenders)
    .filter(([contender]) => !(contender in measured.unavailable))
    .map(([contender, { role }]): Row => ({
      contender,
      role,
      values: spreads(names, (metric) => spread(valuesOf(measured, contender, metric))),
      ratios: spreads(names, (metric) => over(contender, metric)),
    }));
  const noise = rows.find(({ contender }) => contender === yardstick)?.values ?? {};
  return {
    name,
    title,
    about,
    metrics,
    yardstick,
    rows,
    goals: each.goals.map((goal) => goalResult(goal, each, measured)),
    unavailable: measured.unavailable,
    noise: Object.fromEntries(Object.entries(noise).map(([metric, s]) => [metric, (s.max - s.min) / s.median])),
    seconds,
  };
}

function goalResult(goal: Goal, { metrics }: Case, measured: Measured): GoalResult {
  const { metric, of, over } = goal;
  const better = metrics[metric]?.better ?? "lower";
  const combine = over?.by === "ratio" ? (a: number, b: number) => a / b : (a: number, b: number) => a - b;
  const reached =
    over === undefined
      ? spread(valuesOf(measured, of, metric))
      : compared(measured, of, metric, over.contender, over.metric ?? metric, combine);
  const meets = (bound: number): boolean =>
    reached !== null && (better === "lower" ? reached.median <= bound : reached.median >= bound);
  const verdict =
    reached === null ? "not measured" : meets(goal.goal) ? "goal" : meets(goal.solid) ? "solid" : "missed";
  return { ...goal, reached, better, verdict };
}

function compared(
  { rounds }: Measured,
  of: string,
  metric: string,
  over: string,
  overMetric: string,
  combine: (a: number, b: number) => number,
): Spread | null {
  const pairs = (rounds[of] ?? []).map((metrics, round) => [metrics?.[metric], rounds[over]?.[round]?.[overMetric]]);
  return spread(pairs.flatMap(([a, b]) => (a === undefined || b === undefined ? [] : [combine(a, b)])));
}

function valuesOf({ rounds }: Measured, contender: string, metric: string): number[] {
  return (rounds[contender] ?? []).flatMap((metrics) => metrics?.[metric] ?? []);
}

function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

function spreads(names: readonly string[], of: (metric: string) => Spread | null): Record<string, Spread> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const found = of(name);
      return found === null ? [] : [[name, found] as const];
    }),
  );
}
