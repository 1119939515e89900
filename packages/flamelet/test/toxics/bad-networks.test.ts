/** Everything works on networks that are slow, narrow or choppy: boots, calls, streams, and the end of a runner. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Network } from "../../src/backends/backend.ts";
import { flame } from "../../src/index.ts";
import type { Toxic } from "../../src/testing/toxics.ts";
import * as fns from "../../src/testing/conformance-functions.ts";
import { poolBehaviours } from "../../src/testing/pool-behaviours.ts";
import { lives, poisoned } from "./harness.ts";

const loopback: Network = { kind: "tcp", host: "127.0.0.1" };

const networks: Readonly<Record<string, { toxics: Toxic[]; network?: Network }>> = {
  "no toxic": { toxics: [] },
  latency: { toxics: [{ kind: "latency", ms: 20 }] },
  "latency and jitter": { toxics: [{ kind: "latency", ms: 20, jitter: 20 }], network: loopback },
  bandwidth: { toxics: [{ kind: "bandwidth", bytesPerSecond: 2_000_000 }] },
  slicer: { toxics: [{ kind: "slicer", size: 97 }], network: loopback },
  "slicer, over TLS": { toxics: [{ kind: "slicer", size: 97 }], network: { ...loopback, encrypted: false } },
  "slow close": { toxics: [{ kind: "slow-close", ms: 300 }], network: loopback },
  "all of them": {
    toxics: [
      { kind: "latency", ms: 5, jitter: 5 },
      { kind: "bandwidth", bytesPerSecond: 4_000_000 },
      { kind: "slicer", size: 1_000 },
      { kind: "slow-close", ms: 100 },
    ],
  },
};

describe("through", { concurrency: 4 }, () => {
  for (const [name, { toxics, network }] of Object.entries(networks)) {
    describe(name, { concurrency: 1 }, () => {
      const { pool, backend } = poisoned({}, network);
      for (const toxic of toxics) {
        backend.main.add(toxic);
        backend.watchdog.add(toxic);
      }

      for (const [behaviour, run] of Object.entries(poolBehaviours)) test(behaviour, () => run(pool));

      test("stats are true, and a drained pool leaves no runner", async () => {
        const runner = await flame.call(pool, fns.pid);
        const { runners, ready, inFlight, queued } = pool.stats();
        assert.deepEqual({ runners, ready, inFlight, queued }, { runners: 1, ready: 1, inFlight: 0, queued: 0 });
        assert.equal((await backend.list()).length, 1);
        await pool.drain();
        assert.equal(pool.stats().runners, 0);
        assert.deepEqual(await backend.list(), []);
        assert.equal(lives(runner), false);
      });
    });
  }
});
