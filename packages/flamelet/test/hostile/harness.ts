import { after } from "node:test";
import type { Backend, MachineSpec } from "../../src/backends/backend.ts";
import { decodeParentEnv, type ParentEnv } from "../../src/child/parent-env.ts";
import { flame, type Pool, type PoolOptions } from "../../src/index.ts";
import { conformanceApp } from "../../src/testing/backend-suite.ts";

/** A pool of real runners, and what each of them was told of its parent: what an attacker would give much for. */
export interface Watched extends AsyncDisposable {
  readonly pool: Pool;
  readonly told: ParentEnv[];
  /** The values of `FLAME_PARENT`. */
  readonly encoded: string[];
}

const all: Watched[] = [];
// Also those of tests that failed by their timeout: what hangs in them would keep the process.
after(async () => {
  for (const one of all) await one[Symbol.asyncDispose]();
});

/** @param change What the runners are told instead, and by what backend. */
export function watched(
  options: PoolOptions = {},
  inner: Backend = flame.backend.process({ entry: conformanceApp, execArgv: [] }),
  change: (spec: MachineSpec) => MachineSpec = (spec) => spec,
): Watched {
  const told: ParentEnv[] = [];
  const encoded: string[] = [];
  const backend: Backend = {
    name: inner.name,
    network: inner.network,
    provision: (spec, signal) => {
      const value = spec.env["FLAME_PARENT"] ?? "";
      told.push(decodeParentEnv(value));
      encoded.push(value);
      return inner.provision(change(spec), signal);
    },
    destroy: (machine) => inner.destroy(machine),
    list: () => inner.list(),
  };
  // However long a test looks at something else, its runners stay.
  const stay: PoolOptions = { max: 1, maxConcurrency: 20, idleShutdownAfter: Infinity };
  const pool = flame.pool(`hostile-${all.length + 1}`, { ...stay, ...options, backend });
  const made = { pool, told, encoded, [Symbol.asyncDispose]: () => pool.close() };
  all.push(made);
  return made;
}
