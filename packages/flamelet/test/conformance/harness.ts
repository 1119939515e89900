/** Pools of real runners: processes of this host that are copies of `fixtures/app.ts`. */
import { readFileSync } from "node:fs";
import { type TestContext } from "node:test";
import type { Backend } from "../../src/backends/backend.ts";
import { flame, type Pool, type PoolOptions } from "../../src/index.ts";

export const entry: URL = fixture("app.ts");

export function fixture(name: string): URL {
  return new URL(`./fixtures/${name}`, import.meta.url);
}

let pools = 0;

/** A pool for one test, gone when the test ends. */
export function poolFor(t: TestContext, options: PoolOptions = {}): Pool {
  const backend: Backend = flame.backend.process({ entry, execArgv: [] });
  const pool = flame.pool(`conformance-${(pools += 1)}`, { backend, ...options });
  t.after(() => pool.close());
  return pool;
}

/** Waits until `met` holds. The test's own timeout is what ends a wait that is in vain. */
export async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await met())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Whether a process lives. One that only waits to be reaped does not. */
export function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
