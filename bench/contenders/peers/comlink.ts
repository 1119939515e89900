import { Worker } from "node:worker_threads";
import { releaseProxy, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { Rpc } from "../rpc.ts";
import type * as functions from "../functions.ts";

const WORKER = new URL("./comlink-worker.ts", import.meta.url);

/** One worker thread. */
export function openComlink(module: URL = WORKER): Rpc {
  const worker = new Worker(module);
  const remote = wrap<typeof functions>(nodeEndpoint(worker));
  return {
    noop: () => remote.noop(),
    echo: (value) => remote.echo(value),
    sleep: (ms) => remote.sleep(ms),
    [Symbol.asyncDispose]: async () => {
      remote[releaseProxy]();
      await worker.terminate();
    },
  };
}
