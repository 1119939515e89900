import { readFileSync, readdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** The variable that marks every process of every machine: `<emulator>/<machine>/<boot>/`. Children inherit it. */
export const MARK = "FLAMELET_FLY_MACHINE";

/** How long a sweep waits for others to share its look at all processes, in ms. */
const TOGETHER = 5;

/**
 * The processes that carry a mark which starts with `prefix`, wherever they have gone: a child that left its process group
 * is still found. Without `/proc` (macOS) it finds none, and process groups are all there is.
 */
export function marked(prefix: string): number[] {
  return [...marks()].filter(([, mark]) => mark.startsWith(prefix)).map(([pid]) => pid);
}

/**
 * Kills what carries the mark, and resolves when nothing is left of it. It looks again, since a process that is being killed
 * may just have forked; and it waits, since one that is killed still holds its ports for a moment.
 */
export async function sweep(prefix: string): Promise<void> {
  const left = new Set<number>();
  for (;;) {
    for (const [pid, mark] of await nextMarks()) if (mark.startsWith(prefix)) left.add(pid);
    for (const pid of left) if (!running(pid)) left.delete(pid);
    if (left.size === 0) return;
    for (const pid of left) send(pid, "SIGKILL");
  }
}

/** Sends a signal to a process or, where negative, to a group; one that has gone is no matter. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

let next: Promise<Map<number, string>> | null = null;

/** The marks as they are a moment from now. A hundred machines that end at once look only once. */
function nextMarks(): Promise<Map<number, string>> {
  next ??= setTimeout(TOGETHER).then(() => {
    next = null;
    return marks();
  });
  return next;
}

/** The mark of each process that carries one. */
function marks(): Map<number, string> {
  const found = new Map<number, string>();
  for (const pid of processes()) {
    if (pid === process.pid) continue;
    try {
      const environment = `\0${readFileSync(`/proc/${pid}/environ`, "latin1")}`;
      const at = environment.indexOf(`\0${MARK}=`);
      if (at === -1) continue;
      const start = at + MARK.length + 2;
      found.set(pid, environment.slice(start, environment.indexOf("\0", start)));
    } catch {
      // It has ended, or is not ours to look at.
    }
  }
  return found;
}

/** Whether it is still there, and not only waiting for its parent to hear of its end. */
function running(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.charAt(stat.lastIndexOf(")") + 2) !== "Z";
  } catch {
    return false;
  }
}

function processes(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
