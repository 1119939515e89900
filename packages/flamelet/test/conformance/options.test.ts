/** Each option has a test here that fails when it is ignored; a new option without one is an error of the type checker. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { QueueFullError, QueueTimeoutError, RunnerLostError } from "../../src/errors.ts";
import { flame, type CallOptions, type MapOptions, type PoolOptions } from "../../src/index.ts";
import * as fns from "./fixtures/app.ts";
import { watch, type Watched, type World, worldFor } from "./world.ts";

/** Runs until its world lets it go. */
const waits = flame.fn("options/waits", () => new Promise<void>((resolve) => void letGo.push(resolve)));
const letGo: (() => void)[] = [];

function works(world: World, count: number, options: CallOptions = {}): Watched<unknown>[] {
  return Array.from({ length: count }, () => watch(flame.call(world.pool.with(options), waits)));
}

/** Calls `look` with a world for each value, and tells what it saw. */
async function seen<K extends keyof PoolOptions>(
  t: TestContext,
  option: K,
  values: readonly NonNullable<PoolOptions[K]>[],
  others: PoolOptions,
  look: (world: World) => Promise<unknown>,
): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const value of values) all.push(await look(worldFor(t, { ...others, [option]: value })));
  return all;
}

const runners = async (world: World): Promise<number> => {
  await world.settle();
  return world.pool.stats().runners;
};

type PoolTests = Record<Exclude<keyof PoolOptions, "backend">, (t: TestContext) => Promise<void>>;

const ofPools: PoolTests = {
  min: async (t) => assert.deepEqual(await seen(t, "min", [0, 1, 3], {}, runners), [0, 1, 3]),

  max: async (t) => {
    const busy = async (world: World): Promise<number> => (works(world, 9), await runners(world));
    assert.deepEqual(await seen(t, "max", [1, 4], { maxConcurrency: 1 }, busy), [1, 4]);
  },

  maxConcurrency: async (t) => {
    const busy = async (world: World): Promise<number> => {
      works(world, 9);
      await world.settle();
      return world.pool.stats().inFlight;
    };
    assert.deepEqual(await seen(t, "maxConcurrency", [1, 4], { max: 1 }, busy), [1, 4]);
  },

  buffer: async (t) => {
    const busy = async (world: World): Promise<number> => (works(world, 1), await runners(world));
    assert.deepEqual(await seen(t, "buffer", [0, 2], { maxConcurrency: 1 }, busy), [1, 3]);
  },

  idleShutdownAfter: async (t) => {
    const used = async (world: World): Promise<number> => {
      watch(flame.call(world.pool, fns.add, 1, 1));
      await world.settle();
      await world.pass(1000);
      return await runners(world);
    };
    assert.deepEqual(await seen(t, "idleShutdownAfter", [1000, 1001], {}, used), [0, 1]);
  },

  minIdleShutdownAfter: async (t) => {
    const idle = async (world: World): Promise<number> => {
      await world.settle();
      await world.pass(1000);
      return await runners(world);
    };
    assert.deepEqual(await seen(t, "minIdleShutdownAfter", [1000, 1100], { min: 1 }, idle), [0, 1]);
  },

  bootTimeout: async (t) => {
    const boot = async (world: World): Promise<number> => {
      world.backend.loaded = new Promise(() => {});
      let failed = 0;
      world.pool.on("bootFailed", () => void (failed += 1));
      works(world, 1);
      await world.settle();
      await world.pass(100);
      return failed;
    };
    assert.deepEqual(await seen(t, "bootTimeout", [100, 101], {}, boot), [1, 0]);
  },

  queueTimeout: async (t) => {
    const queue = async (world: World): Promise<string | undefined> => {
      const [, waiting] = works(world, 2);
      await world.settle();
      await world.pass(100);
      return waiting?.state;
    };
    const states = await seen(t, "queueTimeout", [100, 101], { max: 1, maxConcurrency: 1 }, queue);
    assert.deepEqual(states, ["rejected", "pending"]);
  },

  timeout: async (t) => {
    const run = async (world: World): Promise<string | undefined> => {
      const [call] = works(world, 1);
      await world.settle();
      await world.pass(100);
      return call?.state;
    };
    assert.deepEqual(await seen(t, "timeout", [100, 101], {}, run), ["rejected", "pending"]);
  },

  shutdownTimeout: async (t) => {
    const drain = async (world: World): Promise<string | undefined> => {
      const [call] = works(world, 1);
      await world.settle();
      void world.pool.drain();
      await world.pass(100);
      if (call?.state === "rejected") assert.ok(RunnerLostError.is(call.error));
      return call?.state;
    };
    assert.deepEqual(await seen(t, "shutdownTimeout", [100, 101], {}, drain), ["rejected", "pending"]);
  },

  maxQueue: async (t) => {
    const queue = async (world: World): Promise<boolean> => {
      const calls = works(world, 3);
      await world.settle();
      return QueueFullError.is(calls[2]?.error);
    };
    assert.deepEqual(await seen(t, "maxQueue", [2, 3], { max: 1, maxConcurrency: 1 }, queue), [true, false]);
  },

  placement: async (t) => {
    const place = async (world: World): Promise<unknown> => {
      await world.settle();
      const calls = [1, 2].map(() => watch(flame.call(world.pool, whereAndWait)));
      await world.settle();
      for (const go of letGo.splice(0)) go();
      await world.settle();
      return new Set(calls.map(({ value }) => value)).size;
    };
    assert.deepEqual(await seen(t, "placement", ["pack", "spread"], { min: 2 }, place), [1, 2]);
  },

  standby: async (t) => {
    const kept = async (world: World): Promise<number[]> => {
      const before = world.pool.stats().standby;
      world.pool.update({ standby: { count: before + 1 } });
      return [before, world.pool.stats().standby];
    };
    const counts = [{ count: 0 }, { count: 3 }];
    assert.deepEqual(await seen(t, "standby", counts, {}, kept), [
      [0, 1],
      [3, 4],
    ]);
  },
};
const whereAndWait = flame.fn("options/where", async () => {
  await new Promise<void>((resolve) => void letGo.push(resolve));
  return flame.context()?.runner.id;
});

for (const [option, check] of Object.entries(ofPools)) test(`D17: a pool's ${option} is heeded`, check);

const ONE: PoolOptions = { max: 1, maxConcurrency: 1 };

const ofCalls: Record<keyof CallOptions, (t: TestContext) => Promise<void>> = {
  signal: async (t) => {
    const world = worldFor(t);
    const caller = new AbortController();
    const [call] = works(world, 1, { signal: caller.signal });
    await world.settle();
    caller.abort();
    await world.settle();
    assert.equal(call?.error, caller.signal.reason);
  },

  timeout: async (t) => {
    const world = worldFor(t);
    const [call] = works(world, 1, { timeout: 100 });
    await world.settle();
    await world.pass(100);
    assert.equal(call?.state, "rejected");
  },

  queueTimeout: async (t) => {
    const world = worldFor(t, ONE);
    works(world, 1);
    const [call] = works(world, 1, { queueTimeout: 100 });
    await world.settle();
    await world.pass(100);
    assert.ok(QueueTimeoutError.is(call?.error));
  },

  key: async (t) => {
    const world = worldFor(t, ONE);
    const order: string[] = [];
    const calls = ["a", "a", "a", "b"].map((key, n) =>
      flame.call(world.pool.with({ key }), fns.add, n, 0).then(() => order.push(key)),
    );
    const all = watch(Promise.all(calls));
    await world.settle();
    assert.equal(all.state, "fulfilled");
    assert.deepEqual(order, ["a", "b", "a", "a"]);
  },

  retry: async (t) => {
    const world = worldFor(t, ONE);
    let runs = 0;
    const twice = flame.fn("options/twice", async () => {
      runs += 1;
      if (runs === 1) world.machine(0).kill();
      return runs;
    });
    const call = watch(flame.call(world.pool.with({ retry: 1 }), twice));
    await world.settle();
    await world.pass(10_000);
    assert.equal(call.value, 2);
  },
};

for (const [option, check] of Object.entries(ofCalls)) test(`D17: a call's ${option} is heeded`, check);

const ofMaps: Record<Exclude<keyof MapOptions, keyof CallOptions>, (t: TestContext) => Promise<void>> = {
  concurrency: async (t) => {
    const world = worldFor(t);
    const run = flame.fn("options/item", async (item: number) => {
      await new Promise<void>((resolve) => void letGo.push(resolve));
      return item;
    });
    const mapped = flame.map(world.pool, [1, 2, 3, 4], run, { concurrency: 3 });
    watch(mapped.next());
    await world.settle();
    assert.equal(world.pool.stats().inFlight, 3);
  },

  ordered: async (t) => {
    const world = worldFor(t);
    const firstIsLate = flame.fn("options/late", async (n: number) => {
      if (n === 1) await new Promise<void>((resolve) => void letGo.push(resolve));
      return n;
    });
    for (const ordered of [true, false]) {
      const mapped = flame.map(world.pool, [1, 2], firstIsLate, { ordered });
      const first = watch(mapped.next());
      await world.settle();
      assert.deepEqual(first.value, ordered ? undefined : { done: false, value: 2 });
      for (const go of letGo.splice(0)) go();
      await world.settle();
    }
  },
};

for (const [option, check] of Object.entries(ofMaps)) test(`D17: a map's ${option} is heeded`, check);

test("D17: an option that there is not is an error wherever it is given, and so is a value that cannot be", async (t) => {
  const world = worldFor(t);
  const unknown = { tiemout: 5 } as object;
  assert.throws(
    () => flame.pool("options", unknown),
    /pool "options" has no option "tiemout": did you mean "timeout"\?/,
  );
  assert.throws(() => world.pool.with(unknown), /pool\.with has no option "tiemout"/);
  assert.throws(() => flame.map(world.pool, [1], fns.fail, unknown), /flame\.map has no option "tiemout"/);
  for (const wrong of [0, -1, NaN, "5"])
    assert.throws(
      () => flame.pool("options", { timeout: wrong as number }),
      /option "timeout" of pool "options" must be/,
    );
});
