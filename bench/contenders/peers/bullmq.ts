import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Queue, QueueEvents } from "bullmq";
import type { Rpc } from "../rpc.ts";
import { startRedis } from "./redis-server.ts";

/** A process that takes jobs from a queue in Redis: more than a call, since jobs survive. */
export async function openBullmq(): Promise<Rpc> {
  const redis = await startRedis();
  const connection = { path: redis.path, maxRetriesPerRequest: null };
  const child = fork(fileURLToPath(new URL("./bullmq-runner.ts", import.meta.url)), [redis.path], { detached: true });
  await once(child, "message");
  const queue = new Queue("bench", { connection, defaultJobOptions: { removeOnComplete: { count: 10_000 } } });
  // From the beginning, or what happens before the first look at them is not seen.
  const events = new QueueEvents("bench", { connection, lastEventId: "0" });
  // Each job that is waited for listens to both.
  events.setMaxListeners(0);
  queue.setMaxListeners(0);
  await events.waitUntilReady();
  const call = async (name: string, value: unknown): Promise<unknown> =>
    await (await queue.add(name, { value })).waitUntilFinished(events);
  return {
    noop: () => call("noop", null),
    echo: (value) => call("echo", value),
    sleep: (ms) => call("sleep", ms),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      redis[Symbol.dispose]();
    },
  };
}
