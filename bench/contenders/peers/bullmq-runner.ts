/** A worker of the queue, as a process of its own. Says over the IPC channel that it is up. */
import { Worker } from "bullmq";
import * as functions from "../functions.ts";

const table: Record<string, (value: never) => Promise<unknown>> = { ...functions };
const worker = new Worker("bench", (job) => (table[job.name] as (value: unknown) => Promise<unknown>)(job.data.value), {
  connection: { path: process.argv[2] ?? "", maxRetriesPerRequest: null },
  concurrency: 256,
});
await worker.waitUntilReady();
process.send?.("ready");
process.on("disconnect", () => process.exit(0));
