import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { Rpc } from "../rpc.ts";

/** One worker thread. @param perWorker How many tasks it takes at once; piscina's default is 1. */
export function openPiscina(perWorker = 1): Rpc {
  const pool = new Piscina({
    filename: fileURLToPath(new URL("../functions.ts", import.meta.url)),
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
