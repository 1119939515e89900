import { fileURLToPath } from "node:url";
import { Tinypool } from "tinypool";
import type { Rpc } from "../rpc.ts";

const FUNCTIONS = new URL("../functions.ts", import.meta.url);

/** One child process. */
export function openTinypool(functions: URL = FUNCTIONS): Rpc {
  const pool = new Tinypool({
    filename: fileURLToPath(functions),
    runtime: "child_process",
    minThreads: 1,
    maxThreads: 1,
  });
  return {
    noop: () => pool.run(undefined, { name: "noop" }),
    echo: (value) => pool.run(value, { name: "echo" }),
    sleep: (ms) => pool.run(ms, { name: "sleep" }),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}
