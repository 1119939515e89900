/**
 * The app of the chaos run: a parent that keeps many calls going until it is told to end, and writes down each of them. A
 * copy of it is a runner.
 */
import { readdirSync, readFileSync } from "node:fs";
import { flame } from "flamelet";
import { JOURNAL } from "./functions.ts";
import { write } from "./journal.ts";
import { load, stop } from "./load.ts";

const pool = flame.pool("chaos", {
  max: 3,
  maxConcurrency: 4,
  idleShutdownAfter: 1_000,
  timeout: 4_000,
  shutdownTimeout: 3_000,
  queueTimeout: 20_000,
  // Heaps are small, so that running out of memory takes a moment and not the machine.
  backend: flame.backend.process({ execArgv: ["--max-old-space-size=64"] }),
});

/** The runner processes of this parent that there really are. */
function runnerProcesses(): number {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
      return Number(parent) === process.pid && state !== "Z";
    } catch {
      return false;
    }
  }).length;
}

if (!flame.isRunner) {
  // Ends in an orderly way on SIGUSR2: nothing new, all that runs settles, the pool goes back to nothing.
  process.on("SIGUSR2", stop);
  await load(pool);
  await new Promise<void>(
    (resolve) =>
      pool.on("retired", () => pool.stats().runners === 0 && resolve()) && pool.stats().runners === 0 && resolve(),
  );
  write(JOURNAL, { event: "counted", stats: pool.stats().runners, processes: runnerProcesses() });
}
