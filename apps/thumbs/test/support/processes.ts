import { readdirSync, readFileSync } from "node:fs";

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All living processes below `pid`, as far down as they go. */
export function descendants(pid: number): ProcessInfo[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => read(Number(name)) ?? []);
  const found = new Set([pid]);
  for (let grown = true; grown;) {
    grown = false;
    for (const { pid: child, parent } of all) {
      if (!found.has(parent) || found.has(child)) continue;
      found.add(child);
      grown = true;
    }
  }
  found.delete(pid);
  return all.filter(({ pid: child }) => found.has(child));
}

/** Whether that process still runs. Its id may have been given to another one: then the command differs. */
export function lives({ pid, command }: ProcessInfo): boolean {
  return read(pid)?.command === command;
}

function read(pid: number): ProcessInfo | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie does nothing any more, it only has not been noticed yet.
    if (fields[0] === "Z") return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return { pid, parent: Number(fields[1]), command };
  } catch {
    return null;
  }
}
