import { History, type HistoryResult } from "./history.ts";
import type { Mutation } from "./mutation.ts";

export interface SimulateOptions {
  /** Whether to write down what happens. */
  readonly verbose?: boolean;
  readonly mutation?: Mutation | null;
}

/** What the code under test takes from its process, and what would make two histories of one seed differ. */
interface Globals {
  FinalizationRegistry: typeof FinalizationRegistry;
  setInterval: typeof setInterval;
}

/** When the collector runs is left to chance that no seed governs, and nothing may depend on it. */
class NeverCollected implements FinalizationRegistry<unknown> {
  readonly [Symbol.toStringTag] = "FinalizationRegistry";
  register(): void {}
  unregister(): boolean {
    return false;
  }
}

/** Runs one history, in this process but cut off from it. One at a time. */
export async function simulate(seed: number, options: SimulateOptions = {}): Promise<HistoryResult> {
  const { verbose = false, mutation = null } = options;
  const globals = globalThis as unknown as Globals;
  const { FinalizationRegistry: registry, setInterval: interval } = globals;
  const { emitWarning } = process;
  const { error } = console;
  const rejections = process.rawListeners("unhandledRejection") as NodeJS.UnhandledRejectionListener[];
  let unhandled: unknown[] = [];
  globals.FinalizationRegistry = NeverCollected as unknown as typeof FinalizationRegistry;
  // A call keeps its process alive while somebody waits for it, and one of a history that is broken off waits for ever.
  globals.setInterval = ((...args: Parameters<typeof interval>) => {
    const timer = interval(...args).unref();
    return Object.assign(timer, { ref: () => timer });
  }) as typeof interval;
  resetExportIds();
  // Histories are full of what a process would warn of: machines that cannot be destroyed, connections that break.
  process.emitWarning = (() => {}) as typeof process.emitWarning;
  console.error = () => {};
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (reason) => unhandled.push(reason));
  const restore = mutation?.install?.();
  try {
    const result = await new History(seed, verbose, mutation).run();
    if (result.violation !== null || unhandled.length === 0) return result;
    const [reason] = unhandled;
    const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    return { ...result, violation: { at: result.figures.virtualMs, what: `a rejection that nobody handled: ${text}` } };
  } finally {
    restore?.();
    globals.FinalizationRegistry = registry;
    globals.setInterval = interval;
    process.emitWarning = emitWarning;
    console.error = error;
    process.removeAllListeners("unhandledRejection");
    for (const listener of rejections) process.on("unhandledRejection", listener);
    unhandled = [];
  }
}

/** Ids of what is handed across count up through the life of a process, and their length is part of what is sent. */
function resetExportIds(): void {
  const tables = (globalThis as { [key: symbol]: { lastExportId: number } | undefined })[
    Symbol.for("flamelet.by-reference.1")
  ];
  if (tables !== undefined) tables.lastExportId = 0;
}
