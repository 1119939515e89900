/** What all but flamelet, which names its own, run elsewhere. */
import { setTimeout as sleepFor } from "node:timers/promises";

export async function noop(): Promise<void> {}

export async function echo(value: unknown): Promise<unknown> {
  return value;
}

export async function sleep(ms: number): Promise<void> {
  await sleepFor(ms);
}
