import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type Clock, type Emulator, startEmulator, systemClock, type Times } from "@flamelet/fly-emulator";
import { flame, type Pool } from "flamelet";
import { fly, FlyApi } from "@flamelet/fly";
import * as app from "./app.ts";

const APP = "burst";
const IMAGE = "registry.fly.io/burst:1";
const BUILD = "burst";
const entry = fileURLToPath(new URL("./app.ts", import.meta.url));

export type Standby = "none" | "stopped" | "suspended";

export interface BurstOptions {
  /** How many calls at once. There may be as many runners, and each has one slot. */
  readonly calls: number;
  /** Standby machines, one for each call, or none. */
  readonly standby: Standby;
  /** How long Fly takes for things. Default: as on Fly. */
  readonly times?: Partial<Times>;
  /** The clock of Fly and of the client. Default: the real one. */
  readonly clock?: Clock;
}

export interface BurstResult {
  readonly calls: number;
  readonly standby: Standby;
  /** From the first create until there were as many standby machines as calls, in ms; null without. */
  readonly prepared: number | null;
  /** When each call was heard from its runner, in ms since all of them were made, the first one first. */
  readonly started: readonly number[];
  /** What each call that did not end well was rejected with. */
  readonly lost: readonly unknown[];
  /** The machines on which calls ran that had been prepared. */
  readonly fromStandby: number;
  /** Calls of the Machines API that were refused for coming too soon (429), as `POST /v1/…`, from the first to the last. */
  readonly refused: readonly string[];
  /** How many machines were made for the burst, those before it left out. */
  readonly created: number;
}

/** What went over the wire so far. */
interface Seen {
  readonly refused: string[];
  created: number;
}

/**
 * Makes many calls at the same time on a pool of Fly machines, under Fly's times and rate limits. Each holds its runner until
 * all have one, so that none is spared.
 */
export async function burst(options: BurstOptions): Promise<BurstResult> {
  const { calls, standby, times = {}, clock = systemClock } = options;
  process.env["FLAME_BUILD_ID"] ??= BUILD;
  const env = { FLAME_BUILD_ID: process.env["FLAME_BUILD_ID"] };
  const emulator = await startEmulator({
    times,
    clock,
    // On Fly, machines take no CPU from their parent. Here, a hundred that load at once would leave it none to answer with.
    images: { [IMAGE]: { command: ["nice", "-n", "10", process.execPath, entry], env } },
  });
  const seen: Seen = { refused: [], created: 0 };
  const pool = poolOf(emulator, options, seen);
  try {
    const began = clock.now();
    while (pool.stats().standby < (standby === "none" ? 0 : calls)) await new Promise((done) => setTimeout(done, 20));
    const prepared = standby === "none" ? null : clock.now() - began;
    const before = new Set(emulator.world.machines().map(({ id }) => id));
    const createdBefore = seen.created;
    const { started, lost, machines } = await callAll(pool, calls, clock);
    const fromStandby = machines.filter((id) => before.has(id)).length;
    return {
      calls,
      standby,
      prepared,
      started,
      lost,
      fromStandby,
      refused: seen.refused,
      created: seen.created - createdBefore,
    };
  } finally {
    await pool.close();
    await emulator.close();
  }
}

function poolOf(emulator: Emulator, { calls, standby, clock = systemClock }: BurstOptions, seen: Seen): Pool {
  const { url: baseUrl, token } = emulator;
  emulator.world.createApp({ name: APP, org: "personal" }).setSecret("FLY_API_TOKEN", token, Date.now());
  const watched = async (request: Request): Promise<Response> => {
    const response = await fetch(request);
    const { pathname } = new URL(request.url);
    if (response.status === 429) seen.refused.push(`${request.method} ${pathname}`);
    else if (response.ok && request.method === "POST" && pathname.endsWith("/machines")) seen.created += 1;
    return response;
  };
  const api = new FlyApi({ baseUrl, token, clock, fetch: watched as typeof fetch });
  return flame.pool(`burst-${randomBytes(3).toString("hex")}`, {
    max: calls,
    maxConcurrency: 1,
    // So many processes that load at once on one computer take longer than each on its own.
    bootTimeout: 300_000,
    queueTimeout: 600_000,
    ...(standby === "none" ? {} : { standby: { count: calls, mode: standby } }),
    backend: fly({ app: APP, image: IMAGE, regions: "ams", host: "127.0.0.1", api }),
  });
}

async function callAll(
  pool: Pool,
  calls: number,
  clock: Clock,
): Promise<{ started: number[]; lost: unknown[]; machines: string[] }> {
  const all = Promise.withResolvers<void>();
  const started: number[] = [];
  const machines: string[] = [];
  const lost: unknown[] = [];
  const count = (): void => void (started.length + lost.length === calls && all.resolve());
  const began = clock.now();
  const one = async (): Promise<void> => {
    try {
      await flame.call(pool.with({ timeout: Infinity }), app.hold, async (machine: string) => {
        started.push(clock.now() - began);
        machines.push(machine);
        count();
        await all.promise;
      });
    } catch (error) {
      lost.push(error);
      count();
    }
  };
  await Promise.all(Array.from({ length: calls }, one));
  return { started, lost, machines };
}
