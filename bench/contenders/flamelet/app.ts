/** The app of which flamelet's runners are copies here. */
import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleepFor } from "node:timers/promises";
import { flame } from "flamelet";
import { chunks, count } from "../streams.ts";

export const noop = flame.fn("bench/noop", async (): Promise<void> => {});
export const echo = flame.fn("bench/echo", async (value: unknown): Promise<unknown> => value);
export const sleep = flame.fn("bench/sleep", async (ms: number): Promise<void> => sleepFor(ms));
export const pid = flame.fn("bench/pid", (): number => process.pid);
export const sink = flame.fn("bench/sink", (source: AsyncIterable<Uint8Array>): Promise<number> => count(source));
export const source = flame.fn("bench/source", chunks);
export const receiveFile = flame.fn("bench/receive-file", async (source: Readable, path: string): Promise<void> =>
  pipeline(source, createWriteStream(path)),
);
