import type { LogLine } from "../world/logs.ts";

/** One line on stdout. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** `12:34:56.789 demo/1857f… ams | text`, as a person reads it. */
export function logText({ timestamp, app, machine, region, stream, text }: LogLine): string {
  const mark = { stdout: "|", stderr: "!", system: "*", proxy: ">" }[stream];
  return `${clockText(timestamp)} ${machine === null ? app : `${app}/${machine}`} ${region} ${mark} ${text}`;
}

/** The time of day, to the ms. */
export function clockText(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

/** Columns as wide as what is in them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
