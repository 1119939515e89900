import { fileURLToPath } from "node:url";
import { pool as makePool } from "workerpool";
import type { Rpc } from "../rpc.ts";

const RUNNER = new URL("./workerpool-runner.ts", import.meta.url);

/** One child process. */
export function openWorkerpool(runner: URL = RUNNER): Rpc {
  const pool = makePool(fileURLToPath(runner), { workerType: "process", minWorkers: 1, maxWorkers: 1 });
  return {
    noop: async () => await pool.exec("noop", []),
    echo: async (value) => await pool.exec("echo", [value]),
    sleep: async (ms) => await pool.exec("sleep", [ms]),
    [Symbol.asyncDispose]: async () => void (await pool.terminate(true)),
  };
}
