import { flame, type Pool } from "flamelet";
import { config } from "./config.ts";

/** Copies of this app in which ffmpeg runs. One video keeps a whole runner busy, so each gets one of its own. */
export const ffmpeg: Pool = flame.pool("ffmpeg", {
  max: config.maxRunners,
  maxConcurrency: 1,
  idleShutdownAfter: config.runnerIdleMs,
  queueTimeout: 120_000,
});
