/** What cannot work on a network that is cut fails with the right error in bounded time, and the pool works again after. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Network } from "../../src/backends/backend.ts";
import { BootError, flame, type Pool, QueueTimeoutError, RunnerLostError } from "../../src/index.ts";
import * as fns from "../../src/testing/conformance-functions.ts";
import { poolBehaviours } from "../../src/testing/pool-behaviours.ts";
import { until } from "../../src/testing/until.ts";
import { lives, type Poisoned, poisoned } from "./harness.ts";

const loopback: Network = { kind: "tcp", host: "127.0.0.1" };

/** One of each thing that can be going on when the network dies. None of them ends by itself. */
async function goingOn(pool: Pool): Promise<Promise<unknown>[]> {
  const counter = await flame.place(pool, fns.makeCounter);
  const reading = Promise.withResolvers<void>();
  const readAll = async (): Promise<void> => {
    for await (const _ of flame.stream(pool, fns.endless)) reading.resolve();
  };
  const called = Promise.withResolvers<void>();
  const callback = (n: number): number => {
    called.resolve();
    return n;
  };
  const stuck = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) });
  const all = [
    flame.call(pool, fns.hang),
    readAll(),
    flame.call(pool, fns.callBack, callback, Infinity),
    flame.call(pool, fns.total, stuck),
    counter.hang(),
  ];
  for (const one of all) one.catch(() => {});
  await Promise.all([reading.promise, called.promise]);
  assert.equal(pool.stats().inFlight, 5);
  return all;
}

/** All of it is lost, and told as something that may have run; the runner goes, and nothing of it is counted any more. */
async function allLost({ pool, backend }: Poisoned, all: readonly Promise<unknown>[], runner: number): Promise<void> {
  for (const result of await Promise.allSettled(all)) {
    assert.equal(result.status, "rejected");
    assert.ok(RunnerLostError.is(result.reason), String(result.reason));
    assert.equal(result.reason.outcome, "unknown");
  }
  await until(() => pool.stats().runners === 0);
  const { booting, ready, idle, draining, inFlight, queued } = pool.stats();
  assert.deepEqual([booting, ready, idle, draining, inFlight, queued], [0, 0, 0, 0, 0, 0]);
  assert.deepEqual(await backend.list(), []);
  await until(() => !lives(runner));
}

async function worksAgain({ pool, backend }: Poisoned): Promise<void> {
  backend.clear();
  for (const run of Object.values(poolBehaviours)) await run(pool);
  assert.equal(pool.stats().runners, 1);
}

describe("a network that dies under running work", { concurrency: true }, () => {
  const deaths: Readonly<Record<string, (poison: Poisoned) => void>> = {
    "a black hole both ways": ({ backend }) => {
      backend.main.add({ kind: "black-hole" });
      backend.watchdog.add({ kind: "black-hole" });
    },
    "a black hole from the runner": ({ backend }) => {
      backend.main.add({ kind: "black-hole" }, "up");
      backend.watchdog.add({ kind: "black-hole" }, "up");
    },
    // The parent hears the runner all the while; what ends this is the runner's own lease.
    "a black hole to the runner": ({ backend }) => {
      backend.main.add({ kind: "black-hole" }, "down");
      backend.watchdog.add({ kind: "black-hole" }, "down");
    },
    // The same, with a watchdog that is well: the session itself has to notice.
    "a black hole to the runner on the session alone": ({ backend }) =>
      void backend.main.add({ kind: "black-hole" }, "down"),
    "a black hole around the session alone": ({ backend }) => void backend.main.add({ kind: "black-hole" }),
    // Without signs of life from its parent a runner must go, since it cannot know that anybody still wants it.
    "a black hole around the watchdog alone": ({ backend }) => void backend.watchdog.add({ kind: "black-hole" }),
    "a reset": ({ backend }) => void backend.main.add({ kind: "reset-peer" }),
    "a cut after some bytes from the runner": ({ backend }) =>
      void backend.main.add({ kind: "limit-data", bytes: 3_000 }, "up"),
    "a cut after some bytes to the runner": ({ backend }) =>
      void backend.main.add({ kind: "limit-data", bytes: 1_000 }, "down"),
  };
  // What a proxy can do to TLS it does to both connections of a runner: it cannot tell which is which.
  const encrypted: Network = { ...loopback, encrypted: false };
  const ofTls = ["a black hole both ways", "a black hole to the runner", "a reset"];
  const struck = [
    ...Object.keys(deaths).map((name) => [name, name, name === "a reset" ? loopback : undefined] as const),
    ...ofTls.map((name) => [`over TLS, ${name}`, name, encrypted] as const),
  ];
  for (const [name, death, network] of struck) {
    const strike = deaths[death] as (poison: Poisoned) => void;
    test(`${name} loses what runs, and the pool works again when it is over`, async () => {
      await using poison = poisoned({}, network);
      const runner = await flame.call(poison.pool, fns.pid);
      const all = await goingOn(poison.pool);
      strike(poison);
      await allLost(poison, all, runner);
      await worksAgain(poison);
    });
  }

  test("a call that is made into a black hole is lost too, whatever its timeout", async () => {
    await using poison = poisoned();
    const runner = await flame.call(poison.pool, fns.pid);
    poison.backend.main.add({ kind: "black-hole" });
    poison.backend.watchdog.add({ kind: "black-hole" });
    await allLost(poison, [flame.call(poison.pool, fns.add, 1, 1)], runner);
    await worksAgain(poison);
  });

  test("a network that comes back in time loses nothing", async () => {
    await using poison = poisoned();
    const { pool, backend } = poison;
    const runner = await flame.call(pool, fns.pid);
    for (const toxics of [backend.main, backend.watchdog]) toxics.add({ kind: "black-hole" });
    const all = [
      flame.call(pool, fns.add, 1, 2),
      flame.call(pool, fns.echo, Buffer.alloc(300_000)),
      flame.call(pool, fns.callBack, (n: number) => n, 3),
    ];
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    backend.clear();
    assert.equal((await Promise.all(all)).length, 3);
    assert.equal(await flame.call(pool, fns.pid), runner);
  });

  test("connections of the watchdog that are reset are made again, and nothing is lost", async () => {
    await using poison = poisoned({}, loopback);
    const { pool, backend } = poison;
    const runner = await flame.call(pool, fns.pid);
    const callback = Promise.withResolvers<number>();
    const call = flame.call(pool, fns.callBack, () => callback.promise, 1);
    const reset = backend.watchdog.add({ kind: "reset-peer" });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    reset.remove();
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    callback.resolve(7);
    assert.equal(await call, 7);
    assert.equal(await flame.call(pool, fns.pid), runner);
  });

  for (const toxic of [{ kind: "reset-peer" }, { kind: "black-hole" }, { kind: "limit-data", bytes: 20 }] as const) {
    test(`boots through ${toxic.kind} fail at bootTimeout, callers hear it at queueTimeout, and none is left`, async () => {
      await using poison = poisoned({ bootTimeout: 2_000 });
      const { pool, backend } = poison;
      backend.main.add(toxic);
      backend.watchdog.add(toxic);
      const failed = new Promise<BootError>((resolve) => pool.on("bootFailed", ({ error }) => resolve(error)));
      const patient = flame.call(pool, fns.add, 1, 1);
      patient.catch(() => {});
      assert.equal((await failed).failure, "timeout");
      await assert.rejects(flame.call(pool.with({ queueTimeout: 1 }), fns.add, 1, 1), (error) => {
        assert.ok(QueueTimeoutError.is(error), String(error));
        assert.equal(error.outcome, "not-started");
        assert.ok(BootError.is(error.cause), String(error.cause));
        assert.equal(error.cause.failure, "timeout");
        return true;
      });
      pool.update({ bootTimeout: 30_000 });
      backend.clear();
      assert.equal(await patient, 2);
      await worksAgain(poison);
    });
  }
});
