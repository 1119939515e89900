import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Backend, MachineListing } from "../backends/backend.ts";
import { BootError, RunnerLostError } from "../errors.ts";
import { flame } from "../flame.ts";
import type { PoolOptions } from "../options.ts";
import type { Pool } from "../pool-handle.ts";
import type { BackendSuite } from "./backend-suite.ts";
import * as fns from "./conformance-functions.ts";
import { poolBehaviours } from "./pool-behaviours.ts";
import { patiently, until } from "./until.ts";

/** What a test gets: a pool of its own, and which of its machines exist. */
interface Bench {
  readonly pool: Pool;
  readonly machines: () => Promise<readonly MachineListing[]>;
}

/** That pools work on a backend: their verbs, and the ends of their runners. */
export function poolTests(suite: BackendSuite): void {
  const { test, without = [] } = suite;
  const on = (
    name: string,
    run: (bench: Bench) => Promise<void>,
    options: PoolOptions = {},
    change = (backend: Backend): Backend => backend,
  ): void =>
    void test(name, async () => {
      const backend = change(await suite.backend());
      const poolName = `conformance-${randomBytes(3).toString("hex")}`;
      const pool = flame.pool(poolName, { max: 1, maxConcurrency: 20, ...options, backend });
      const machines = async (): Promise<readonly MachineListing[]> =>
        (await backend.list()).filter((listing) => listing.pool === poolName);
      try {
        await patiently(run({ pool, machines }));
      } finally {
        await pool.close();
      }
      await until(async () => (await machines()).length === 0);
    });

  on("everything that runs on a runner", async ({ pool, machines }) => {
    for (const behaves of Object.values(poolBehaviours)) await behaves(pool);
    assert.equal((await machines()).length, 1);
    const { runners, inFlight, queued } = pool.stats();
    assert.deepEqual({ runners, inFlight, queued }, { runners: 1, inFlight: 0, queued: 0 });
  });

  on("a runner that ends under its work is lost, and another takes its place", async ({ pool, machines }) => {
    const hanging = flame.call(pool, fns.hang);
    hanging.catch(() => {});
    await until(() => pool.stats().inFlight === 1);
    for (const lost of [flame.call(pool, fns.exit, 7), hanging]) {
      const error: unknown = await lost.then(
        () => assert.fail("it was not lost"),
        (reason: unknown) => reason,
      );
      assert.ok(RunnerLostError.is(error), String(error));
      assert.equal(error.outcome, "unknown");
      if (!without.includes("exit")) assert.equal(error.exit?.code, 7);
    }
    assert.equal(await flame.call(pool, fns.add, 1, 2), 3);
    await until(async () => (await machines()).length === 1);
  });

  on("a pool that is drained ends its work first, and then its machines", async ({ pool, machines }) => {
    const release = Promise.withResolvers<void>();
    const work = flame.call(pool, fns.wait, release.promise);
    await until(() => pool.stats().inFlight === 1);
    const drained = pool.drain();
    assert.equal((await machines()).length, 1);
    release.resolve();
    await work;
    await drained;
    assert.equal(pool.stats().runners, 0);
    await until(async () => (await machines()).length === 0);
  });

  on("a pool that is closed ends its machines, whatever they do", async ({ pool, machines }) => {
    const lost = assert.rejects(flame.call(pool, fns.hang), (error) => RunnerLostError.is(error));
    await until(() => pool.stats().inFlight === 1);
    await pool.close();
    await lost;
    await until(async () => (await machines()).length === 0);
  });

  on("a boot that nobody needs any more leaves no machine", async ({ pool, machines }) => {
    const cancel = new AbortController();
    const call = flame.call(pool.with({ signal: cancel.signal }), fns.add, 1, 2);
    call.catch(() => {});
    await until(() => pool.stats().booting === 1);
    cancel.abort(new Error("never mind"));
    await assert.rejects(call, /never mind/);
    await pool.close();
    await until(async () => (await machines()).length === 0);
  });

  on(
    "an idle runner goes, and its machine with it",
    async ({ pool, machines }) => {
      await flame.call(pool, fns.add, 1, 2);
      await until(() => pool.stats().runners === 0);
      await until(async () => (await machines()).length === 0);
    },
    { idleShutdownAfter: 100 },
  );

  on(
    "an app that crashes on its start is told as that",
    async ({ pool }) => {
      await assert.rejects(flame.call(pool, fns.add, 1, 2), (error) => {
        assert.ok(BootError.is(error), String(error));
        assert.equal(error.failure, "crash");
        if (!without.includes("exit")) assert.equal(error.exit?.code, 9);
        if (!without.includes("output")) assert.match(error.message, /this app crashes on its start/);
        return true;
      });
    },
    {},
    crashing,
  );
}

/** The same backend, whose machines crash on their start. */
function crashing(backend: Backend): Backend {
  return {
    name: backend.name,
    network: backend.network,
    provision: (spec, signal) => backend.provision({ ...spec, env: { ...spec.env, CONFORMANCE: "crash" } }, signal),
    destroy: (machine) => backend.destroy(machine),
    list: () => backend.list(),
  };
}
