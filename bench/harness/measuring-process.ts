import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Outcome } from "./measure.ts";

const MEASURE = fileURLToPath(new URL("./measure.ts", import.meta.url));
/** No measurement takes this long, in ms. */
const TOO_LONG = 120_000;

/** What to measure once. */
export interface Job {
  readonly case: string;
  readonly contender: string;
  readonly short: boolean;
  /** The core that everything of it shares, or null. */
  readonly core: number | null;
}

/** Measures one contender in a process of its own. Rejects with what that process said last when it failed. */
export function measureOnce(job: Job): Promise<Outcome> {
  const command = [process.execPath, MEASURE, job.case, job.contender, ...(job.short ? ["--short"] : [])];
  const pinned = job.core === null ? command : ["taskset", "-c", String(job.core), ...command];
  const [file = "", ...args] = pinned;
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  // A group of its own, so that whatever it started can be ended with it.
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe", "ipc"], env: environment(), detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-4_000)));
  let outcome: Outcome | null = null;
  child.on("message", (message) => (outcome = message as Outcome));
  const failed = (why: string): void =>
    reject(new Error(`${job.case}, ${job.contender}: ${why}${output === "" ? "" : `\n${output.trimEnd()}`}`));
  const timer = setTimeout(() => failed(`took longer than ${TOO_LONG / 1000} s`), TOO_LONG);
  child.on("error", (error) => failed(error.message));
  child.on("exit", (code, signal) => {
    if (outcome !== null) resolve(outcome);
    else failed(`the measuring process ended with ${signal ?? code}`);
  });
  return promise.finally(() => {
    clearTimeout(timer);
    endGroup(child.pid);
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // All of it is gone already.
  }
}

/** As it is here, without what would weigh on the start of every process. */
function environment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of ["NODE_EXTRA_CA_CERTS", "NODE_COMPILE_CACHE", "NODE_OPTIONS", "NODE_TEST_CONTEXT"])
    delete env[name];
  return env;
}
