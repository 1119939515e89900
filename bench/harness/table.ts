import type { Unit } from "./case.ts";
import { digits, quantity, times } from "./numbers.ts";
import type { CaseResult, GoalResult, Spread } from "./result.ts";

/** A case's table for the console: who, what was measured, and how that compares. */
export function caseTable(result: CaseResult): string {
  const metrics = Object.entries(result.metrics);
  const withRatios = result.yardstick !== null;
  const header = ["", ...metrics.flatMap(([name, { unit }]) => [heading(name, unit), ...(withRatios ? ["×"] : [])])];
  const lines = result.rows.map(({ contender, values, ratios }) => [
    contender,
    ...metrics.flatMap(([name, { unit }]) => [
      cell(values[name], unit),
      ...(withRatios ? [ratios[name] === undefined ? "–" : times(ratios[name].median)] : []),
    ]),
  ]);
  const noise = Object.entries(result.noise).map(([metric, share]) => `${metric} ±${Math.round(share * 50)} %`);
  return [
    `\n${result.title}  (${result.name}, ${result.seconds.toFixed(0)} s)`,
    result.about,
    "",
    aligned([header, ...lines]),
    ...Object.entries(result.unavailable).map(([contender, why]) => `${contender}: not here (${why})`),
    ...(noise.length === 0 ? [] : [`noise of the yardstick: ${noise.join(", ")}`]),
    ...(result.goals.length === 0 ? [] : ["", aligned(result.goals.map((goal) => goalLine(goal, result)))]),
  ].join("\n");
}

/** How many goals were met: `Of 3 goals, 1 is met, 1 is solid, 1 is missed.` */
export function tally(cases: readonly CaseResult[]): string {
  const verdicts = cases.flatMap(({ goals }) => goals.map(({ verdict }) => verdict));
  const words = { goal: "met", solid: "solid", missed: "missed", "not measured": "not measured" } as const;
  const parts = Object.entries(words).flatMap(([verdict, word]) => {
    const count = verdicts.filter((each) => each === verdict).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? "is" : "are"} ${word}`];
  });
  return `Of ${verdicts.length} goals, ${parts.join(", ")}.`;
}

/** How long cases took together. */
export function minutes(cases: readonly CaseResult[]): string {
  return quantity(cases.reduce((sum, { seconds }) => sum + seconds, 0) / 60, "min");
}

/** What a goal is about, in words: `p50 of flamelet, TCP / tcp-batch echo`. */
export function goalName({ metric, of, over }: GoalResult): string {
  if (over === undefined) return `${metric} of ${of}`;
  const than =
    over.metric === undefined || over.metric === metric ? over.contender : `${over.metric} of ${over.contender}`;
  return `${metric} of ${of} ${over.by === "ratio" ? "/" : "over"} ${than}`;
}

/** The value that a goal is about, as it is written. */
export function goalValue(value: number, goal: GoalResult, { metrics }: CaseResult): string {
  if (goal.over?.by === "ratio") return times(value);
  const sign = goal.over?.by === "difference" && value >= 0 ? "+" : "";
  return sign + quantity(value, metrics[goal.metric]?.unit ?? "count");
}

function goalLine(goal: GoalResult, result: CaseResult): string[] {
  const than = goal.better === "lower" ? "≤" : "≥";
  return [
    { goal: "✔ goal", solid: "~ solid", missed: "✘ missed", "not measured": "? not measured" }[goal.verdict],
    goalName(goal),
    goal.reached === null ? "–" : goalValue(goal.reached.median, goal, result),
    `solid ${than} ${goalValue(goal.solid, goal, result)}`,
    `goal ${than} ${goalValue(goal.goal, goal, result)}`,
  ];
}

function heading(name: string, unit: Unit): string {
  return unit === "count" ? name : `${name} (${unit})`;
}

function cell(value: Spread | undefined, unit: Unit): string {
  if (value === undefined) return "–";
  const range = value.min === value.max ? "" : ` (${digits(value.min)}–${digits(value.max)})`;
  return unit === "/s" || unit === "µs" ? quantityCell(value, unit) : digits(value.median) + range;
}

function quantityCell({ median, min, max }: Spread, unit: Unit): string {
  const short = (value: number): string => quantity(value, unit).replace(/ ?(\/s|µs)$/, "");
  return min === max ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join("  "),
    )
    .join("\n");
}
