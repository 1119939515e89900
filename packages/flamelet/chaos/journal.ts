import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What really happened, written by whoever did it at the moment of doing it: one line of JSON per event, appended in one
 * system call, so that a process which is killed leaves whole lines.
 */
export type Entry =
  /** A parent is about to make a call. */
  | { readonly event: "asked"; readonly call: string; readonly kind: string }
  /** The call settled; `outcome` is the error's, or null for a value or the function's own error. */
  | {
      readonly event: "settled";
      readonly call: string;
      readonly code: string | null;
      readonly outcome: "not-started" | "unknown" | null;
    }
  /** The function was entered, on a runner. */
  | { readonly event: "started"; readonly call: string; readonly pid: number }
  /** It came to its end there. */
  | { readonly event: "ended"; readonly call: string; readonly pid: number }
  /** A parent compared its `stats()` with the processes that there are. */
  | { readonly event: "counted"; readonly stats: number; readonly processes: number };

export function write(folder: string | null, entry: Entry): void {
  if (folder === null) return;
  appendFileSync(join(folder, `${process.pid}.jsonl`), `${JSON.stringify(entry)}\n`);
}

/** All entries of all processes. */
export function readJournal(folder: string): Entry[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
}

/** How many calls have given their value so far. */
export function valuesIn(folder: string): number {
  return readJournal(folder).filter((entry) => entry.event === "settled" && entry.code === null).length;
}
