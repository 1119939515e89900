import { setTimeout as sleep } from "node:timers/promises";
import type { Case, Contender, Goal, Metrics, Size } from "../harness/case.ts";
import { settledMemory } from "../harness/memory.ts";

const SIMULATED = (count: number): string => `${count} runners, simulated`;
/** Of more runners than these, what the parent takes by itself is not taken off. */
const FEW = 10;
const REAL = (count: number): string => (count === 1 ? "1 runner" : `${count} runners`);

export const idleRunners: Case = {
  title: "What idle runners cost their parent",
  about:
    "CPU time and resident memory of the parent for each runner that does nothing, beyond what it takes without any, with what " +
    "the first one makes it load. " +
    "Simulated ones have their real connections, heartbeats and sessions, but share one process, as 500 processes are more " +
    "than small machines hold.",
  cores: "all",
  rounds: 2,
  metrics: {
    "CPU each": { unit: "%", better: "lower" },
    "memory each": { unit: "KB", better: "lower" },
    "heap each": { unit: "KB", better: "lower" },
  },
  yardstick: null,
  contenders: {
    [REAL(1)]: idle(1, "process"),
    [REAL(10)]: idle(10, "process"),
    [REAL(100)]: idle(100, "process"),
    [SIMULATED(100)]: idle(100, "simulated"),
    [SIMULATED(500)]: idle(500, "simulated"),
  },
  goals: [
    ...[REAL(1), REAL(10), REAL(100), SIMULATED(500)].flatMap((of): Goal[] => [
      { metric: "CPU each", of, solid: 0.1, goal: 0.05 },
      { metric: "memory each", of, solid: 400, goal: 200 },
    ]),
    // No more than linear: one of many costs what one of fewer does.
    ...["CPU each", "memory each"].map((metric): Goal => ({
      metric,
      of: SIMULATED(500),
      over: { contender: SIMULATED(100), by: "ratio" },
      solid: 1.1,
      goal: 1,
    })),
  ],
};

function idle(full: number, kind: "process" | "simulated"): Contender {
  return {
    role: "flamelet",
    measure: async (size: Size): Promise<Metrics> => {
      const count = size.pick(full, Math.min(full, 5));
      const { flame } = await import("flamelet");
      const { simulatedBackend } = await import("../contenders/flamelet/simulated-runners.ts");
      const entry = new URL("../contenders/cold/flamelet-runner.mjs", import.meta.url);
      const backend = kind === "process" ? flame.backend.process({ entry, execArgv: [] }) : simulatedBackend();
      const before = settledMemory();
      // Node itself takes a little, which is nothing once it is divided among many.
      const own = count > FEW ? 0 : await cpuShare(size);
      const pool = flame.pool("bench", { min: count, max: count, bootTimeout: 60_000, backend });
      await pool.ready;
      const after = settledMemory();
      const share = await cpuShare(size);
      return {
        "CPU each": Math.max(0, share - own) / count,
        "memory each": (after.resident - before.resident) / count,
        "heap each": (after.heap - before.heap) / count,
      };
    },
  };
}

/** The CPU time that this process takes while it does nothing, in percent of a core. */
async function cpuShare(size: Size): Promise<number> {
  // What came before left something to be done: functions are compiled, and memory is collected. Not much longer, as V8
  // collects once more eight seconds after it was told to, which is not the runners' doing.
  await sleep(size.pick(3_000, 100));
  const cpu = process.cpuUsage();
  const started = performance.now();
  await sleep(size.pick(3_000, 200));
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 10 / (performance.now() - started);
}
