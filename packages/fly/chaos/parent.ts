/**
 * The app of the chaos run on Fly, on a machine: a parent that keeps many calls going until it is told to end. A copy of it is
 * a runner.
 */
import { flame } from "flamelet";
import { fly } from "@flamelet/fly";
import { load, stop } from "../../flamelet/chaos/load.ts";

const pool = flame.pool("chaos", {
  max: 3,
  maxConcurrency: 4,
  idleShutdownAfter: 1_000,
  timeout: 4_000,
  shutdownTimeout: 3_000,
  queueTimeout: 30_000,
  // Runners are machines of an app of their own, so that faults can be theirs alone.
  backend: fly({ app: "chaos", regions: ["ams", "lhr"] }),
});

if (!flame.isRunner) {
  // Ends in an orderly way on SIGUSR2: nothing new, all that runs settles, the pool goes back to nothing.
  process.on("SIGUSR2", stop);
  await load(pool);
  while (pool.stats().runners > 0) await new Promise<void>((resolve) => pool.on("retired", () => resolve()));
}
