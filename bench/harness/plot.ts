import type { Metric } from "./case.ts";
import { quantity, times } from "./numbers.ts";
import type { CaseResult, Row, RunResult } from "./result.ts";

const WIDTH = 900;
const LEFT = 270;
const BAR = 15;
const LINE = 20;
const COLOURS = { limit: "#8b95a1", flamelet: "#e8590c", peer: "#4c6ef5" };

/** All cases of a run as one picture: the first metric of each, the yardstick first, longer bars for larger numbers. */
export function plot({ cases, date, machine, short }: RunResult): string {
  let y = 40;
  const parts = cases.map((each) => {
    const part = panel(each, y);
    y += 46 + each.rows.length * LINE;
    return part;
  });
  const title = `${short ? "Smoke test, says nothing: " : ""}flamelet, its peers and the limit: ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(12, 22, title, 'font-weight="bold"'),
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function panel(result: CaseResult, top: number): string {
  const [metric, { unit, better }] = Object.entries(result.metrics)[0] as [string, Metric];
  const longest = Math.max(...result.rows.map(({ values }) => values[metric]?.median ?? 0));
  const bar = ({ contender, role, values, ratios }: Row, index: number): string => {
    const y = top + 30 + index * LINE;
    const value = values[metric]?.median;
    if (value === undefined) return text(LEFT - 8, y + 12, contender, 'text-anchor="end"');
    const length = Math.max(1, (Math.max(0, value) / (longest || 1)) * (WIDTH - LEFT - 170));
    const ratio = ratios[metric] === undefined ? "" : `, ${times(ratios[metric].median)}`;
    return [
      text(LEFT - 8, y + 12, contender, 'text-anchor="end"'),
      `<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" fill="${COLOURS[role]}"/>`,
      text(LEFT + length + 6, y + 12, quantity(value, unit) + ratio),
    ].join("\n");
  };
  const caption = `${result.title}: ${metric}, ${better} is better`;
  return [text(12, top + 20, caption, 'font-weight="600"'), ...result.rows.map(bar)].join("\n");
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped}</text>`;
}
