import { readFileSync } from "node:fs";
import { BootError } from "../errors.ts";

/** Whether this process is Deno's. */
export const isDeno: boolean = process.versions["deno"] !== undefined;

/** Options that belong to one process: debuggers and watchers. */
const OWN = /^--(watch|watch-exclude|watch-hmr|inspect|inspect-brk|inspect-wait|coverage)(=|$)/;
/** Options that say what a process may do, and which features of Deno it has. */
const PERMISSIONS = /^(-A|--(allow|deny|unstable)-[^=]+(=.*)?)$/;

/**
 * The options of this process that a copy is to have as well: what it may do, above all. Deno does not tell them, so they
 * are read from the system. All that stands between `run` and the script is taken; of `deno test` and the like, which have
 * options of their own, what the process may do.
 *
 * @throws BootError where the system does not tell them either.
 */
export function inheritedByDeno(): string[] {
  const [, subcommand, ...rest] = commandLine();
  if (subcommand === undefined) throw notKnown();
  if (subcommand !== "run") return rest.filter((option) => PERMISSIONS.test(option));
  const script = rest.length - (process.argv.length - 2) - 1;
  return rest.slice(0, script).filter((option) => !OWN.test(option));
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
