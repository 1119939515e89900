import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { plot } from "./plot.ts";
import type { RunResult } from "./result.ts";

const FOLDER = join(import.meta.dirname, "../results");

/** Writes a run as JSON and as a plot, and gives the paths of both. Those named `latest` are not committed. */
export function writeResults(run: RunResult, name = "latest"): string[] {
  mkdirSync(FOLDER, { recursive: true });
  const files = [
    [join(FOLDER, `${name}.json`), `${JSON.stringify(run, null, 2)}\n`],
    [join(FOLDER, `${name}.svg`), plot(run)],
  ] as const;
  for (const [path, content] of files) writeFileSync(path, content);
  return files.map(([path]) => path);
}

/** The newest of the runs that are committed: their names are dates. Null when there is none. */
export function newestResults(): string | null {
  const dated = readdirSync(FOLDER).filter((file) => /^20\d\d-\d\d-\d\d.*\.json$/.test(file));
  return (
    dated
      .toSorted()
      .at(-1)
      ?.replace(/\.json$/, "") ?? null
  );
}

/** Throws when there is no such run. */
export function readResults(name: string): RunResult {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as RunResult;
}
