import { readFileSync, writeFileSync } from "node:fs";

/** Watches by how much the resident memory of a process grows; see `grown`. Linux only. */
export interface MemoryWatch {
  /** The most that was resident since the watch began, beyond what was resident then, in MB. */
  grown(): number;
}

export function watchMemory(pid: number): MemoryWatch {
  // Forgets the peak until now.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  const before = residentKb(pid, "VmRSS");
  return { grown: () => Math.max(0, residentKb(pid, "VmHWM") - before) / 1024 };
}

function residentKb(pid: number, field: "VmRSS" | "VmHWM"): number {
  return fieldKb(readFileSync(`/proc/${pid}/status`, "utf8"), field);
}

/** The memory of a process, with what it shares with others divided among them, in MB. */
export function proportionalMb(pid: number): number {
  return fieldKb(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"), "Pss") / 1024;
}

function fieldKb(text: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  if (found === undefined) throw new Error(`this system does not tell ${field}`);
  return Number(found);
}
