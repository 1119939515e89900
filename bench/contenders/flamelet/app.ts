/** The app of which flamelet's runners are copies here. */
import { setTimeout as sleepFor } from "node:timers/promises";
import { flame } from "flamelet";

export const noop = flame.fn("bench/noop", async (): Promise<void> => {});
export const echo = flame.fn("bench/echo", async (value: unknown): Promise<unknown> => value);
export const sleep = flame.fn("bench/sleep", async (ms: number): Promise<void> => sleepFor(ms));
