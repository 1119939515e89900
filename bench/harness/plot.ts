import type { Metric, Role } from "./case.ts";
import { quantity, times } from "./numbers.ts";
import type { CaseResult, GoalResult, Row, RunResult, Spread } from "./result.ts";

const WIDTH = 900;
/** Where bars begin, and how long the longest is. */
const LEFT = 270;
const LONGEST = 400;
const BAR = 12;
const LINE = 18;
const COLOURS: Record<Role, string> = { limit: "#adb5bd", flamelet: "#e8590c", peer: "#91a7ff" };
const DARK = "#343a40";
const GREY = "#868e96";
const MET = { goal: ", goal met", solid: ", solid", missed: ", missed", "not measured": "" };

/** All cases of a run as one picture: the first metric of each, with the range over the rounds and what the goal is. */
export function plot({ cases, date, machine, rounds, short }: RunResult): string {
  let y = 84;
  const parts = cases.map((each) => {
    const { svg, height } = panel(each, y);
    y += height;
    return svg;
  });
  const title = `${short ? "Smoke test, says nothing: " : ""}flamelet, its peers, and the limit of the machine`;
  const where = `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${machine.os.split(" (")[0]}, Node ${machine.node}, ${rounds} rounds`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="12" fill="${DARK}">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(12, 26, title, 'font-size="17" font-weight="bold"'),
    text(12, 45, where, `fill="${GREY}"`),
    legend(64),
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function legend(y: number): string {
  const roles = [
    ["flamelet", "flamelet"],
    ["limit", "the limit"],
    ["peer", "peers"],
  ] as const;
  return [
    ...roles.flatMap(([role, name], i) => [rect(12 + i * 90, y - 10, BAR, COLOURS[role]), text(29 + i * 90, y, name)]),
    tick(280, y - 10),
    text(288, y, "its goal"),
    whisker(358, 382, y - 4),
    text(389, y, "range over the rounds"),
    text(536, y, "×: over the first line of the case"),
  ].join("\n");
}

function panel(result: CaseResult, top: number): { svg: string; height: number } {
  const [metric, { unit, better }] = Object.entries(result.metrics)[0] as [string, Metric];
  const rows = result.rows.filter(({ values }) => values[metric] !== undefined);
  const spreadOf = (row: Row): Spread => row.values[metric] as Spread;
  const longest = Math.max(...rows.map((row) => spreadOf(row).max)) || 1;
  const scaled = (value: number): number => (Math.min(Math.max(0, value), longest) / longest) * LONGEST;
  const bar = (row: Row, index: number): string => {
    const { contender, role } = row;
    const { median, min, max } = spreadOf(row);
    const y = top + 28 + index * LINE;
    const ratio = row.ratios[metric] === undefined ? "" : `, ${times(row.ratios[metric].median)}`;
    const goal = result.goals.find((each) => each.metric === metric && each.of === contender);
    const mark = goal === undefined ? null : valueOf(goal, result);
    const met = goal === undefined ? "" : MET[goal.verdict];
    const end = scaled(Math.max(max, mark ?? 0));
    const weight = role === "flamelet" ? ' font-weight="600"' : "";
    return [
      text(LEFT - 8, y + 10, contender, `text-anchor="end"${weight}`),
      rect(LEFT, y, Math.max(1, scaled(median)), COLOURS[role]),
      min === max ? "" : whisker(LEFT + scaled(min), LEFT + scaled(max), y + BAR / 2),
      mark === null || mark > longest ? "" : tick(LEFT + scaled(mark), y),
      text(LEFT + end + 8, y + 10, quantity(median, unit) + ratio + met, weight),
    ].join("\n");
  };
  const caption = text(12, top + 16, result.title, 'font-size="13" font-weight="bold"');
  const what = text(WIDTH - 12, top + 16, `${metric}, ${better} is better`, `text-anchor="end" fill="${GREY}"`);
  const rule = `<rect x="12" y="${top - 4}" width="${WIDTH - 24}" height="1" fill="#dee2e6"/>`;
  return { svg: [rule, caption, what, ...rows.map(bar)].join("\n"), height: 46 + rows.length * LINE };
}

/** What a goal asks for as a value of its metric; null when what it is compared with was not measured. */
function valueOf({ metric, over, goal }: GoalResult, { rows }: CaseResult): number | null {
  if (over === undefined) return goal;
  const base = rows.find(({ contender }) => contender === over.contender)?.values[over.metric ?? metric];
  if (base === undefined) return null;
  return over.by === "ratio" ? base.median * goal : base.median + goal;
}

function rect(x: number, y: number, width: number, fill: string): string {
  return `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="1.5" fill="${fill}"/>`;
}

/** From the least to the most. */
function whisker(from: number, to: number, y: number): string {
  return `<path d="M${from.toFixed(1)} ${y}H${to.toFixed(1)}" stroke="${DARK}" stroke-opacity="0.6" stroke-width="1.5"/>`;
}

function tick(x: number, y: number): string {
  return `<path d="M${x.toFixed(1)} ${y - 2}v${BAR + 4}" stroke="${DARK}" stroke-width="2"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped}</text>`;
}
