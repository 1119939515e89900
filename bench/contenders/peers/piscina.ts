import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { Rpc } from "../rpc.ts";

const FUNCTIONS = new URL("../functions.ts", import.meta.url);

/** One worker thread. @param perWorker How many tasks it takes at once; piscina's default is 1. */
export function openPiscina(perWorker = 1, functions: URL = FUNCTIONS): Rpc {
  const pool = new Piscina({
    filename: fileURLToPath(functions),
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: perWorker,
  });
  return {
    noop: () => pool.run(undefined, { name: "noop" }),
    echo: (value) => pool.run(value, { name: "echo" }),
    sleep: (ms) => pool.run(ms, { name: "sleep" }),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}
