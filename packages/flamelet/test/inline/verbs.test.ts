/** The verbs on the inline backend, as an app's own unit tests use it. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  CallTimeoutError,
  flame,
  OptionError,
  type Pool,
  PoolClosedError,
  QueueTimeoutError,
  RunnerLostError,
  SerializationError,
} from "../../src/index.ts";
import { functionIds } from "../../src/registry.ts";

let pools = 0;

function pool(options: Parameters<typeof flame.pool>[1] = {}): Pool & AsyncDisposable {
  const made = flame.pool(`inline-${(pools += 1)}`, { backend: flame.backend.inline(), ...options });
  return Object.assign(Object.create(made) as Pool, { [Symbol.asyncDispose]: () => made.close() });
}

const pending = (): Promise<never> => new Promise(() => {});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}
async function until(check: () => boolean): Promise<void> {
  while (!check()) await turn();
}

class Session {
  readonly socket = new WeakMap();
}

const unchecked = flame.backend.inline({ check: false });
const ids = functionIds().length;
after(() => assert.equal(functionIds().length, ids + named.length, "closures are not left in the registry"));
const named = [
  flame.fn("inline/echo", (value: unknown) => value),
  flame.fn("inline/callBack", (fn: (n: number) => Promise<number>) => fn(1)),
  flame.fn(
    "inline/wait",
    () => new Promise<void>((resolve) => flame.context()?.signal.addEventListener("abort", () => resolve())),
  ),
] as const;
const [echo, callBack, waitForAbort] = named;

for (const [name, backend] of [
  ["checked", flame.backend.inline()],
  ["unchecked", unchecked],
] as const) {
  describe(name, () => {
    test("call gives the value, the error, and the context", async () => {
      await using p = pool({ backend });
      const local = { n: 20 };
      assert.equal(await flame.call(p, async () => local.n + 1), 21);
      assert.match(await flame.call(p, ({ runner }) => runner.id), /^inline-\d+-1-/);
      assert.equal(await flame.call(p, () => flame.context()?.runner.pool), p.name);
      assert.deepEqual(await flame.call(p, echo, { a: [1n] }), { a: [1n] });
      await assert.rejects(
        flame.call(p, () => {
          throw new RangeError("no");
        }),
        (error) => error instanceof RangeError && (error as { runner?: string }).runner?.startsWith("inline-") === true,
      );
    });

    test("cast tells its failure by an event, or by a warning when nobody listens", async () => {
      await using p = pool({ backend });
      let ran = 0;
      flame.cast(p, () => void (ran += 1));
      await until(() => ran === 1);
      const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
      flame.cast(p, () => {
        throw new Error("lost in silence");
      });
      assert.match((await warned).message, /lost in silence/);
      const failed = new Promise<unknown>((resolve) => p.on("castFailed", ({ error }) => resolve(error)));
      flame.cast(p, () => {
        throw new Error("heard");
      });
      assert.equal(((await failed) as Error).message, "heard");
    });

    test("stream gives the chunks, holds its slot until it ends, and stops with its reader", async () => {
      await using p = pool({ backend });
      let ended = 0;
      const numbers = (): AsyncGenerator<number> =>
        flame.stream(p, async function* () {
          try {
            for (let i = 0; i < 5; i++) yield i;
          } finally {
            ended += 1;
          }
        });
      assert.deepEqual(await Array.fromAsync(numbers()), [0, 1, 2, 3, 4]);
      for await (const n of numbers()) {
        assert.equal(p.stats().inFlight, 1);
        if (n === 1) break;
      }
      await until(() => p.stats().inFlight === 0);
      assert.equal(ended, 2);
      assert.deepEqual(await Array.fromAsync(flame.stream(p, () => [1, 2])), [1, 2]);
    });

    test("place keeps an object that holds its slot until it is disposed of", async () => {
      await using p = pool({ backend });
      let disposed = 0;
      class Counter {
        #n = 0;
        add(n: number): number {
          return (this.#n += n);
        }
        [Symbol.dispose](): void {
          disposed += 1;
        }
      }
      {
        await using counter = await flame.place(p, () => new Counter());
        assert.equal(await counter.add(2), 2);
        assert.equal(await counter.add(3), 5);
        assert.equal(p.stats().inFlight, 1);
      }
      await until(() => p.stats().inFlight === 0);
      assert.equal(disposed, 1);
      await using plain = await flame.place(p, () => ({ one: () => 1 }));
      assert.equal(await plain.one(), 1);
    });

    test("a signal rejects the caller at once and the function hears it; the slot is held until it ends", async () => {
      await using p = pool({ backend });
      const controller = new AbortController();
      const release = Promise.withResolvers<void>();
      let heard: unknown;
      const call = flame.call(
        p,
        async ({ signal }) => {
          signal.addEventListener("abort", () => (heard = signal.reason));
          await release.promise;
        },
        { signal: controller.signal },
      );
      await until(() => p.stats().inFlight === 1);
      await turns();
      const reason = new Error("changed my mind");
      controller.abort(reason);
      await assert.rejects(call, reason);
      await turns();
      assert.equal((heard as Error).message, "changed my mind");
      assert.equal(p.stats().inFlight, 1);
      release.resolve();
      await until(() => p.stats().inFlight === 0);
    });

    test("timeout rejects the caller and aborts the function; other options are kept, too", async () => {
      await using p = pool({ backend, max: 1, maxConcurrency: 1 });
      await assert.rejects(flame.call(p.with({ timeout: 20 }), waitForAbort), (error) => {
        assert.ok(CallTimeoutError.is(error));
        assert.match(error.runner ?? "", /^inline-/);
        return true;
      });
      await until(() => p.stats().inFlight === 0);
      const release = Promise.withResolvers<void>();
      const held = flame.call(p, () => release.promise);
      await assert.rejects(
        flame.call(p, () => 1, { queueTimeout: 20 }),
        QueueTimeoutError.is.bind(QueueTimeoutError),
      );
      release.resolve();
      await held;
      await assert.rejects(
        flame.call(p, () => 1, { timeot: 1 } as never),
        OptionError.is.bind(OptionError),
      );
    });

    test("drain lets what runs arrive, value and all, though the runner goes with it", async () => {
      const p = pool({ backend });
      const release = Promise.withResolvers<void>();
      const call = flame.call(p, async () => {
        await release.promise;
        return "arrived";
      });
      await until(() => p.stats().inFlight === 1);
      await turns();
      const drained = p.drain();
      await assert.rejects(
        flame.call(p, () => 1),
        PoolClosedError.is.bind(PoolClosedError),
      );
      release.resolve();
      assert.equal(await call, "arrived");
      await drained;
      assert.equal(p.stats().runners, 0);
    });

    test("close loses what runs, and says so; a second attempt is made only when the caller asked", async () => {
      const p = pool({ backend });
      let runs = 0;
      const call = flame.call(p, async () => {
        runs += 1;
        await pending();
      });
      await until(() => runs === 1);
      await p.close();
      await assert.rejects(call, (error) => RunnerLostError.is(error) && error.outcome === "unknown");
      assert.equal(runs, 1);
    });

    test("an error of the function that looks like a lost runner is the function's, and it ran once", async () => {
      await using p = pool({ backend });
      let runs = 0;
      const lost = (): never => {
        runs += 1;
        throw new RunnerLostError("elsewhere", "it is gone", { outcome: "not-started" });
      };
      await assert.rejects(flame.call(p, lost), RunnerLostError.is.bind(RunnerLostError));
      await assert.rejects(flame.call(p, lost, { retry: 3 }), RunnerLostError.is.bind(RunnerLostError));
      assert.equal(runs, 2);
    });

    test("many closures at once, more than there are slots, all run once and leave nothing behind", async () => {
      await using p = pool({ backend, max: 2, maxConcurrency: 2 });
      const values = await Promise.all(
        Array.from({ length: 50 }, (_, i) => flame.call(p, async () => (await turn(), i))),
      );
      assert.deepEqual(values, [...values.keys()]);
      const same = async (): Promise<number> => (await turn(), 1);
      assert.equal((await Promise.all(Array.from({ length: 50 }, () => flame.call(p, same)))).length, 50);
    });
  });
}

describe("the check", () => {
  test("finds arguments and values that could not cross", async () => {
    await using p = pool();
    await assert.rejects(flame.call(p, echo, { db: new Session() }), (error) => {
      assert.ok(SerializationError.is(error));
      assert.match(error.message, /argument 1 of inline\/echo/);
      assert.equal(error.outcome, "not-started");
      return true;
    });
    await assert.rejects(
      flame.call(p, () => ({ db: new Session() }) as unknown),
      (error) => SerializationError.is(error) && error.outcome === "unknown",
    );
    await assert.rejects(Array.fromAsync(flame.map(p, [new Session()], (item) => typeof item)), /item/);
  });

  test("makes copies, so that a test sees what a runner would", async () => {
    await using p = pool();
    const given = { list: [1] };
    const back = (await flame.call(p, echo, given)) as typeof given;
    back.list.push(2);
    assert.deepEqual(given, { list: [1] });
  });

  test("calls callbacks back, and only these", async () => {
    await using p = pool();
    assert.equal(await flame.call(p, callBack, async (n) => n + 1), 2);
  });

  test("off, hands values over as they are", async () => {
    await using p = pool({ backend: unchecked });
    const session = new Session();
    assert.equal(await flame.call(p, echo, session), session);
    assert.equal(await flame.call(p, () => session as unknown), session);
    assert.deepEqual(await Array.fromAsync(flame.map(p, [session], (item) => item as unknown)), [session]);
  });
});
