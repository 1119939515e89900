import { Worker } from "node:worker_threads";
import { ownModule } from "../own-files.ts";
import { exitSaying } from "./last-words.ts";
import type { ParentEnv } from "./parent-env.ts";

/** How often the main thread shows that it is not blocked, in ms. */
const SIGN_OF_LIFE = 500;

/** What the watchdog thread is told. */
export interface WatchdogTask {
  readonly env: ParentEnv;
  readonly buildId: string;
  /** One counter, which the main thread counts up for as long as it is not blocked. */
  readonly signs: SharedArrayBuffer;
}

/** The exit code of a runner whose watchdog thread died: `EX_SOFTWARE`. */
const WITHOUT_WATCHDOG = 70;

/**
 * Starts the thread that ends this process when its parent is not heard of for the length of the lease. It is a thread,
 * since the main one may be blocked, and it counts from now, since the parent may never be reached.
 */
export function startWatchdog(env: ParentEnv, buildId: string): void {
  const signs = new SharedArrayBuffer(4);
  const counter = new Int32Array(signs);
  setInterval(() => Atomics.add(counter, 0, 1), SIGN_OF_LIFE).unref();
  const worker = new Worker(ownModule("child/watchdog-thread"), {
    name: "flamelet watchdog",
    workerData: { env, buildId, signs } satisfies WatchdogTask,
    // Nothing of the app runs in it: no preloaded modules, and no NODE_OPTIONS that would name some.
    execArgv: [],
    argv: [],
    env: {},
    // It writes nothing that way, and to relay it would have this process open its own output now.
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4, codeRangeSizeMb: 4 },
  });
  worker.unref();
  const died = (why: string): never =>
    exitSaying(`runner ${env.runnerId} ends, since its watchdog thread ${why}`, WITHOUT_WATCHDOG);
  worker.once("error", (error) => died(`failed: ${error instanceof Error ? error.message : String(error)}`));
  worker.once("exit", (code) => died(`ended (${code})`));
}
