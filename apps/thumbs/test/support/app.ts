import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./folder.ts";
import { until } from "./until.ts";

const APP = fileURLToPath(new URL("../../", import.meta.url));

/** The real app as a process of its own, with a store and a database of its own. */
export interface App extends AsyncDisposable {
  readonly url: string;
  readonly process: ChildProcess;
  readonly pid: number;
  readonly storeDir: string;
  /** What it has written so far. */
  output(): string;
}

/** The folder of this workspace, and what starts a module of it. */
export const command = { cwd: APP, args: ["--import", "flamelet/register"] };

/** Starts it with an empty store, which is removed with it. */
export async function startApp(env: Readonly<Record<string, string>> = {}): Promise<App> {
  const folder = await temporaryFolder();
  try {
    const app = await startAppIn(folder.path, env);
    return {
      ...app,
      [Symbol.asyncDispose]: async () => {
        await app[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts it with a store that may be there already, and stays. */
export async function startAppIn(storeDir: string, env: Readonly<Record<string, string>> = {}): Promise<App> {
  const child = spawn(process.execPath, [...command.args, "src/main.ts"], {
    cwd: command.cwd,
    // Killed, it cannot remove its temporary files: they go with its store.
    env: { ...cleanEnv(), PORT: "0", STORE_DIR: storeDir, TMPDIR: storeDir, RUNNER_IDLE_MS: "1000", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    // It stops its database itself, unless it was killed.
    await stopPostgres(storeDir);
  };
  try {
    const url = await until("the app says where it is", () => {
      if (child.exitCode !== null) throw new Error(`the app ended:\n${output}`);
      return /Live thumbnails: (\S+)/.exec(output)?.[1];
    });
    return { url, process: child, pid: child.pid!, storeDir, output: () => output, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The environment without what would make the app take its configuration from this machine. */
export function cleanEnv(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, NODE_TEST_CONTEXT: _context, ...env } = process.env;
  return env;
}

/** Stops the Postgres of a store if it runs, by the process id that it wrote down. */
export async function stopPostgres(storeDir: string): Promise<void> {
  const pid = postgresPid(storeDir);
  if (pid === null) return;
  process.kill(pid, "SIGINT");
  await until("Postgres stops", () => postgresPid(storeDir) === null);
}

function postgresPid(storeDir: string): number | null {
  try {
    const pid = Number(readFileSync(join(storeDir, "postgres", "postmaster.pid"), "utf8").split("\n")[0]);
    const program = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "";
    return program.endsWith("postgres") ? pid : null;
  } catch {
    return null;
  }
}
