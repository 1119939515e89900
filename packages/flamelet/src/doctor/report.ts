import { hostname } from "node:os";
import { registerFunction } from "../registry.ts";

/** What a runner says of itself when a doctor asks. */
export interface RunnerReport {
  readonly pid: number;
  readonly host: string;
  readonly node: string;
  /** How long the process had been running, in ms, when it was asked. */
  readonly uptime: number;
  /** Resident memory, in bytes. */
  readonly memory: number;
  /** How many of the app's functions the runner knows, of those that it was asked about. */
  readonly known: readonly string[];
}

/** The id under which every copy of the app answers a doctor. */
export const REPORT = "flamelet/report";

/** Registers what a doctor calls. Part of every app, so that any runner can be examined. */
export function registerReport(find: (id: string) => unknown): void {
  const report = async (ids: string[], pulse: (n: number) => Promise<number>): Promise<RunnerReport> => {
    if ((await pulse(20)) !== 21) throw new Error("a callback gave something else than it should have");
    return {
      pid: process.pid,
      host: hostname(),
      node: process.version,
      uptime: Math.round(process.uptime() * 1_000),
      memory: process.memoryUsage.rss(),
      known: ids.filter((id) => find(id) !== undefined),
    };
  };
  registerFunction({ id: REPORT, hash: "", captures: [], where: "flamelet", make: () => report as never });
}
