import { readFileSync } from "node:fs";
import { after } from "node:test";
import type { Backend, Network } from "../../src/backends/backend.ts";
import { flame, type Pool, type PoolOptions } from "../../src/index.ts";
import { conformanceApp } from "../../src/testing/backend-suite.ts";
import { ToxicBackend } from "../../src/testing/toxic-backend.ts";

/** A pool of real runners that reach this process through a proxy. */
export interface Poisoned extends AsyncDisposable {
  readonly pool: Pool;
  readonly backend: ToxicBackend;
}

const all: Poisoned[] = [];
// Also those of tests that failed by their timeout: what hangs in them would keep the process.
after(async () => {
  for (const one of all) await one[Symbol.asyncDispose]();
});

export function poisoned(options: PoolOptions = {}, network?: Network): Poisoned {
  const inner: Backend = flame.backend.process({ entry: conformanceApp, execArgv: [] });
  const backend = new ToxicBackend(inner, network);
  const pool = flame.pool(`toxic-${all.length + 1}`, {
    max: 1,
    maxConcurrency: 20,
    timeout: Infinity,
    ...options,
    backend,
  });
  const dispose = async (): Promise<void> => {
    await pool.close();
    await backend[Symbol.asyncDispose]();
  };
  const made = { pool, backend, [Symbol.asyncDispose]: dispose };
  all.push(made);
  return made;
}

/** Whether a process lives. One that only waits to be reaped does not. */
export function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
