import { readFileSync } from "node:fs";
import { BootError } from "../errors.ts";

/** Whether this process is Deno's. */
export const isDeno: boolean = process.versions["deno"] !== undefined;

/** Options that belong to one process: debuggers, watchers, code to evaluate. */
const OWN = /^--(watch|watch-exclude|watch-hmr|inspect|inspect-brk|inspect-wait|coverage|filter)(=|$)/;

/**
 * The options of this process that a copy is to have as well: what it may do, above all. Deno does not tell them, so they
 * are read from the system: all that stands between the subcommand and the script.
 *
 * @throws BootError where the system does not tell them either, or this is not `deno run`.
 */
export function inheritedByDeno(): string[] {
  const line = commandLine();
  const script = line.length - (process.argv.length - 2) - 1;
  if (line[1] !== "run" || script < 2) throw notKnown();
  return line.slice(2, script).filter((option) => !OWN.test(option));
}

function commandLine(): string[] {
  try {
    return readFileSync("/proc/self/cmdline", "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

function notKnown(): BootError {
  return new BootError(
    "the process backend cannot tell which options this Deno was started with, and so what a copy of it may do. Say it: " +
      'flame.backend.process({ execArgv: ["--allow-all"] })',
    { failure: "config" },
  );
}
