import { readFileSync } from "node:fs";
import { childPids } from "./memory.ts";

/** The length of the unit in which Linux counts CPU time, in µs. */
const TICK = 10_000;

/**
 * The CPU time that this process and its children have used so far, in µs. What other processes of the machine do hardly
 * changes it, so it can be trusted where a rate cannot. Null where a system does not tell.
 */
export function cpuTime(): number | null {
  if (process.platform !== "linux") return null;
  const { user, system } = process.cpuUsage();
  return childPids(process.pid).reduce((sum, pid) => sum + ticks(pid) * TICK, user + system);
}

function ticks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, which may have spaces, is in parentheses; user and system time are 12 and 13 fields after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
