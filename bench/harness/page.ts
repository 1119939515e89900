import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Unit } from "./case.ts";
import { digits, quantity, times } from "./numbers.ts";
import type { CaseResult, GoalResult, RunResult, Spread } from "./result.ts";
import { readResults } from "./results-folder.ts";
import { goalName, goalValue, minutes, tally } from "./table.ts";

const PAGE = join(import.meta.dirname, "../../docs/benchmarks.md");
const BEGIN = "<!-- results: written by `npm run docs -w bench`, do not edit -->";
const END = "<!-- end of results -->";

/** Writes the tables of `docs/benchmarks.md` from a run, and gives the path of the page. */
export function writePage(name: string): string {
  writeFileSync(PAGE, pageOf(name));
  return PAGE;
}

/** The page as it is, with the tables of that run. Throws when the page has lost its marks. */
export function pageOf(name: string): string {
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${PAGE} has no ${BEGIN} … ${END}`);
  return `${page.slice(0, from)}${BEGIN}\n\n${tables(readResults(name), name)}\n\n${page.slice(to)}`;
}

/** The name of the run from which the page was written; null when it was not written yet. */
export function pageSource(): string | null {
  return /bench\/results\/([\w.-]+)\.json/.exec(readFileSync(PAGE, "utf8"))?.[1] ?? null;
}

function tables(run: RunResult, name: string): string {
  const { machine } = run;
  const where = `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}, Node ${machine.node}`;
  const versions = Object.entries(machine.versions).map((each) => each.join(" "));
  return [
    [
      `- **Run**: ${run.date.slice(0, 10)}, commit ${machine.commit}, ${run.rounds} rounds, ${minutes(run.cases)} ([\`bench/results/${name}.json\`](../bench/results/${name}.json)).`,
      `- **Machine**: ${where}; load ${machine.load} before the run.`,
      `- **Versions**: ${versions.join(", ")}.`,
    ].join("\n"),
    `![All cases as bars](../bench/results/${name}.svg)`,
    "### Goals",
    `${tally(run.cases)} A comparison is the median of the rounds, and what it was at least and at most stands beside it.`,
    goals(run.cases),
    ...run.cases.map(details),
  ].join("\n\n");
}

function goals(cases: readonly CaseResult[]): string {
  const lines = cases.flatMap((each) =>
    each.goals.map((goal, i) => {
      const than = goal.better === "lower" ? "≤" : "≥";
      const bound = (value: number): string => `${than} ${goalValue(value, goal, each)}`;
      const reached =
        goal.reached === null ? "–" : `**${goalValue(goal.reached.median, goal, each)}**${range(goal, each)}`;
      return [i === 0 ? each.title : "", goalName(goal), bound(goal.solid), bound(goal.goal), reached, verdict(goal)];
    }),
  );
  return markdown(["case", "what", "solid", "goal", "measured", "met"], lines, 2);
}

function range(goal: GoalResult, each: CaseResult): string {
  if (goal.reached === null || goal.reached.min === goal.reached.max) return "";
  return ` (${goalValue(goal.reached.min, goal, each)} to ${goalValue(goal.reached.max, goal, each)})`;
}

function verdict({ verdict: met }: GoalResult): string {
  return {
    goal: "goal",
    solid: "solid",
    missed: "missed ([why](#where-a-goal-is-missed-and-why))",
    "not measured": "not measured",
  }[met];
}

function details(each: CaseResult): string {
  const metrics = Object.entries(each.metrics);
  const heads = metrics.flatMap(([name]) => (each.yardstick === null ? [name] : [name, "×"]));
  const lines = each.rows.map(({ contender, role, values, ratios }) => [
    role === "flamelet" ? `**${contender}**` : contender,
    ...metrics.flatMap(([name, { unit }]) => {
      const value = cell(values[name], unit);
      return each.yardstick === null ? [value] : [value, ratios[name] === undefined ? "–" : times(ratios[name].median)];
    }),
  ]);
  const noise = Object.entries(each.noise).map(([metric, share]) => `${metric} ${digits(share * 100)} %`);
  return [
    `### ${each.title}`,
    `\`npm run bench -- ${each.name}\`. ${each.about}`,
    markdown(["", ...heads], lines),
    ...Object.entries(each.unavailable).map(([contender, why]) => `Not here: ${contender} (${why}).`),
    ...(noise.length === 0 ? [] : [`Between rounds, the yardstick varied by: ${noise.join(", ")}.`]),
  ].join("\n\n");
}

function cell(value: Spread | undefined, unit: Unit): string {
  return value === undefined ? "–" : quantity(value.median, unit);
}

/** @param texts How many of the first columns are words; all others are numbers. */
function markdown(head: readonly string[], lines: readonly (readonly string[])[], texts = 1): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  return [row(head), row(head.map((_, i) => (i < texts ? "---" : "--:"))), ...lines.map(row)].join("\n");
}
