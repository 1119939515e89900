import { readdirSync, readFileSync } from "node:fs";

/**
 * Kills what this process started and what is still there, in the group that it leads: to be called as it exits, however
 * that comes about. It spares this process itself, so that its exit code is what its parent gets to see.
 *
 * Where there is no `/proc`, it does nothing: the parent kills the group when it hears of the exit, and without a parent
 * nobody does.
 */
export function killGroup(): void {
  for (const name of entries()) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || groupOf(pid) !== process.pid) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just gone by itself.
    }
  }
}

function entries(): string[] {
  try {
    return readdirSync("/proc");
  } catch {
    return [];
  }
}

/** The process group that a process belongs to. */
function groupOf(pid: number): number | null {
  try {
    // The name in parentheses may contain anything; after it come the state, the parent and the group.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
  } catch {
    return null;
  }
}
