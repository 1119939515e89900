import { randomBytes } from "node:crypto";
import { autoBackend } from "./backends/auto.ts";
import type { Backend } from "./backends/backend.ts";
import type { InlineBackend } from "./backends/inline.ts";
import { buildId } from "./build-id.ts";
import { runnerParent } from "./child/boot.ts";
import { systemClock } from "./clock.ts";
import { OptionError, SerializationError } from "./errors.ts";
import { type PoolOptions, resolvePoolOptions } from "./options.ts";
import { PoolCore } from "./pool/pool.ts";
import { StandbyShelf } from "./pool/standby-shelf.ts";
import { Pool } from "./pool-handle.ts";
import { InlineRunner } from "./runner/inline-runner.ts";
import { listenerFor } from "./runner/listener.ts";
import { reaperFor } from "./runner/reaper.ts";
import { type MachineSource, Runner } from "./runner/runner.ts";
import type { StartRunner } from "./runner/runner-control.ts";
import type { Worker } from "./runner/work.ts";
import { beforeSignals } from "./signals.ts";
import { defineCodec } from "./wire/class-codecs.ts";

/** How long a runner lives without hearing from its parent, in ms. */
const LEASE = 15_000;
/** A function that calls itself through a pool would boot a runner from a runner from a runner: it ends here. */
const MAX_DEPTH = 4;
/** A copy of the app has no runners and no machines in store before it needs them. */
const NONE_OF_ITS_OWN = { min: 0, standby: { count: 0 } };

const pools = new Map<string, Pool>();
const parentId = randomBytes(6).toString("hex");

/** Makes a pool; see `flame.pool`. */
export function createPool(name: string, options: PoolOptions): Pool {
  if (typeof name !== "string" || !/^[A-Za-z0-9][\w.-]{0,39}$/.test(name))
    throw new OptionError(
      `the name of a pool must be 1 to 40 letters, digits, "-", "_" or ".", beginning with a letter or digit, got ${JSON.stringify(name)}`,
    );
  if (pools.has(name)) throw new OptionError(`there is a pool "${name}" already; make each pool once and share it`);
  const parent = runnerParent();
  const backend = options.backend ?? autoBackend();
  // A copy of the app makes the same pools, and must not boot their minimum again, and again.
  const resolved = resolvePoolOptions(name, { ...options, backend, ...(parent === null ? {} : NONE_OF_ITS_OWN) });
  const inline = backend.name === "inline" ? (backend as InlineBackend) : null;
  const standby = inline === null ? standbyOf(name, backend as Backend) : null;
  const start = inline === null ? startsOn(name, backend as Backend, standby, parent?.depth ?? 0) : startsInline(name);
  const core = new PoolCore<Worker>(name, resolved, {
    clock: systemClock,
    random: Math.random,
    start,
    standby,
  });
  const pool = new Pool(core, systemClock, inline);
  pools.set(name, pool);
  core.events.on("closed", () => pools.delete(name));
  if (inline === null && parent === null) {
    beforeSignals(shutdown);
    reapWhileOpen(core, backend as Backend);
  }
  return pool;
}

/** From its first boot on: a pool that never boots a runner costs no call to its provider. */
function reapWhileOpen(core: PoolCore<Worker>, backend: Backend): void {
  let reaping: Disposable | null = null;
  core.events.on("boot", () => {
    reaping ??= reaperFor(backend, systemClock, Math.random).start();
  });
  core.events.on("closed", () => reaping?.[Symbol.dispose]());
}

/** All pools of this process that are not closed. */
export function allPools(): Pool[] {
  return [...pools.values()];
}

/** Drains every pool; resolves when all runners are gone. Safe to call again, and in an app that has no pools. */
export async function shutdown(): Promise<void> {
  await Promise.all([...pools.values()].map((pool) => pool.drain()));
}

/** Readable and unique: which pool, the how-manieth, and a few random characters. Also the machine's name. */
function namer(pool: string): () => string {
  const prefix = pool.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  let count = 0;
  return () => `${prefix}-${(count += 1)}-${parentId.slice(0, 4)}${randomBytes(2).toString("hex")}`;
}

function startsInline(pool: string): StartRunner<Worker> {
  const name = namer(pool);
  return (listener) => new InlineRunner(name(), pool, systemClock, listener);
}

function standbyOf(pool: string, backend: Backend): StandbyShelf | null {
  if (backend.standby === undefined) return null;
  const deps = { clock: systemClock, random: Math.random };
  return new StandbyShelf(backend, backend.standby, { pool, buildId: buildId() }, deps);
}

function startsOn(pool: string, backend: Backend, machines: MachineSource | null, depth: number): StartRunner<Worker> {
  const name = namer(pool);
  const deps = {
    clock: systemClock,
    backend,
    machines,
    listener: () => {
      if (depth >= MAX_DEPTH)
        throw new OptionError(
          `a runner of a runner, ${MAX_DEPTH} deep, may not boot another: does a function call itself through the pool?`,
        );
      return listenerFor(backend.network);
    },
    pool,
    parentId,
    buildId: buildId(),
    depth,
    lease: LEASE,
    relay,
  };
  return (listener, bootTimeout) => new Runner(name(), deps, listener, bootTimeout);
}

/** What a runner writes is shown where its parent writes, with the runner's name before each line. */
function relay(runner: string, line: string, stream: "stdout" | "stderr"): void {
  process[stream].write(`[${runner}] ${line}\n`);
}

// A pool that was captured or passed is the pool of that name over there.
defineCodec(Pool as unknown as new (...args: never[]) => Pool, {
  name: "flamelet.Pool",
  encode: (pool: Pool) => pool.name,
  decode: (name: unknown) => {
    const pool = pools.get(String(name));
    if (pool === undefined)
      throw new SerializationError(`there is no pool "${String(name)}" here: make it where the runner loads it too`);
    return pool;
  },
});
