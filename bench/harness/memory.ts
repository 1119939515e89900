import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Unavailable } from "./case.ts";

/** Watches by how much the resident memory of a process grows; see `grown`. */
export interface MemoryWatch {
  /** The most that was resident since the watch began, beyond what was resident then, in MB. */
  grown(): number;
}

/** Null where a system does not tell. */
export function watchMemory(pid: number): MemoryWatch | null {
  if (process.platform !== "linux") return null;
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

/** The processes that a process started and that still live. Throws `Unavailable` where a system does not tell. */
export function childPids(pid: number): number[] {
  if (process.platform !== "linux") throw new Unavailable("it reads /proc, which only Linux has");
  const threads = readdirSync(`/proc/${pid}/task`);
  const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8"));
  return lists.join(" ").split(/\s+/).filter(Boolean).map(Number);
}

/** The memory that this process has, in KB, after all garbage is collected. */
export function settledMemory(): { readonly heap: number; readonly resident: number } {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: (heapUsed + external) / 1024, resident: rss / 1024 };
}
