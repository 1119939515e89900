import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { flame, OptionError, type Pool } from "../../src/index.ts";

let pools = 0;
function pool(options: Parameters<typeof flame.pool>[1] = {}): Pool & AsyncDisposable {
  const made = flame.pool(`map-${(pools += 1)}`, { backend: flame.backend.inline(), ...options });
  return Object.assign(Object.create(made) as Pool, { [Symbol.asyncDispose]: () => made.close() });
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}
async function until(check: () => boolean): Promise<void> {
  while (!check()) await turn();
}
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A source that notes what is taken of it, and that it was told to end. */
function source(count: number): { items: AsyncGenerator<number>; taken: () => number; ended: () => boolean } {
  let [taken, ended] = [0, false];
  async function* items(): AsyncGenerator<number> {
    try {
      for (let i = 0; i < count; i++) {
        taken += 1;
        yield i;
      }
    } finally {
      ended = true;
    }
  }
  return { items: items(), taken: () => taken, ended: () => ended };
}

describe("map", () => {
  test("gives the values in the order of the items, or as they are done", async () => {
    await using p = pool();
    const wait = async (n: number): Promise<number> => {
      await turns(20 - n * 4);
      return n;
    };
    assert.deepEqual(await Array.fromAsync(flame.map(p, numbers(5), wait)), [0, 1, 2, 3, 4]);
    assert.deepEqual(await Array.fromAsync(flame.map(p, numbers(5), wait, { ordered: false })), [4, 3, 2, 1, 0]);
  });

  test("works for many more items than there are slots, of every kind of source", async () => {
    await using p = pool({ max: 2, maxConcurrency: 3 });
    const square = async (n: number): Promise<number> => (await turn(), n * n);
    const expected = numbers(200).map((n) => n * n);
    assert.deepEqual(await Array.fromAsync(flame.map(p, numbers(200), square)), expected);
    assert.deepEqual(
      await Array.fromAsync(flame.map(p, new Set(numbers(200)), square, { concurrency: 100 })),
      expected,
    );
    assert.deepEqual(
      await Array.fromAsync(flame.map(p, source(200).items, square, { concurrency: Infinity })),
      expected,
    );
    assert.deepEqual(await Array.fromAsync(flame.map(p, [], square)), []);
  });

  test("has as many under way as it may, and takes no more items than that", async () => {
    await using p = pool();
    let [running, most] = [0, 0];
    const { items, taken } = source(40);
    const mapped = flame.map(
      p,
      items,
      async (n) => {
        most = Math.max(most, (running += 1));
        await turns(3);
        running -= 1;
        return n;
      },
      { concurrency: 4 },
    );
    await mapped.next();
    await turns(50);
    assert.ok(taken() <= 5, `${taken()} were taken for a reader that took one`);
    assert.equal((await Array.fromAsync(mapped)).length, 39);
    assert.equal(most, 4);
  });

  test("takes nothing before it is read", async () => {
    await using p = pool();
    const { items, taken } = source(3);
    const mapped = flame.map(p, items, (n) => n);
    await turns(10);
    assert.equal(taken(), 0);
    await mapped.return();
  });

  test("says at once when an option is wrong", async () => {
    await using p = pool();
    assert.throws(() => flame.map(p, [1], (n) => n, { concurency: 2 } as never), OptionError);
    assert.throws(() => flame.map(p, [1], (n) => n, { concurrency: 0 }), OptionError);
  });

  test("gives what is done while a slow source makes the next item", async () => {
    await using p = pool();
    const more = Promise.withResolvers<void>();
    async function* slow(): AsyncGenerator<number> {
      yield 1;
      yield 2;
      await more.promise;
      yield 3;
    }
    const mapped = flame.map(p, slow(), (n) => n * 10);
    assert.equal((await mapped.next()).value, 10);
    assert.equal((await mapped.next()).value, 20);
    more.resolve();
    assert.deepEqual(await Array.fromAsync(mapped), [30]);
  });

  test("ends at the first failure: the rest is cancelled, the source ended, and nothing more taken", async () => {
    await using p = pool();
    const { items, ended, taken } = source(1_000);
    let cancelled = 0;
    const mapped = flame.map(
      p,
      items,
      async (n, { signal }) => {
        if (n === 3) throw new RangeError("no");
        if (n > 3) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          cancelled += 1;
        }
        return n;
      },
      { concurrency: 8 },
    );
    const seen: number[] = [];
    await assert.rejects(async () => {
      for await (const n of mapped) seen.push(n);
    }, RangeError);
    assert.deepEqual(seen, [0, 1, 2]);
    assert.equal(ended(), true);
    await until(() => p.stats().inFlight === 0);
    assert.ok(cancelled > 0 && taken() <= 12, `${cancelled} cancelled, ${taken()} taken`);
  });

  test("ends when its reader leaves, though the source never gives another item", async () => {
    await using p = pool();
    async function* stuck(): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => {});
    }
    for await (const n of flame.map(p, stuck(), (n) => n)) {
      assert.equal(n, 1);
      break;
    }
    await assert.rejects(
      Array.fromAsync(
        flame.map(p, stuck(), () => {
          throw new RangeError("no");
        }),
      ),
      RangeError,
    );
  });

  test("ends at once when its signal aborts, whatever it waits for", async () => {
    await using p = pool();
    const reason = new Error("enough");
    const controller = new AbortController();
    async function* stuck(): AsyncGenerator<number> {
      await new Promise(() => {});
      yield 1;
    }
    const reading = flame.map(p, stuck(), (n) => n, { signal: controller.signal }).next();
    await turns(3);
    controller.abort(reason);
    await assert.rejects(reading, reason);
    await assert.rejects(flame.map(p, [1], (n) => n, { signal: controller.signal }).next(), reason);
    assert.equal(p.stats().inFlight, 0);
  });

  test("gives the failure of its source in its place, and what came before first", async () => {
    await using p = pool();
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      yield 2;
      throw new RangeError("no more");
    }
    const mapped = flame.map(p, failing(), async (n) => (await turns(10), n));
    assert.equal((await mapped.next()).value, 1);
    assert.equal((await mapped.next()).value, 2);
    await assert.rejects(mapped.next(), RangeError);
    assert.equal((await mapped.next()).done, true);
  });

  test("tells why it failed, though its source cannot even be ended", async () => {
    await using p = pool();
    const items: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: async () => {
          throw new Error("cannot be ended");
        },
      }),
    };
    await assert.rejects(
      Array.fromAsync(
        flame.map(p, items, () => {
          throw new RangeError("no");
        }),
      ),
      RangeError,
    );
  });
});
