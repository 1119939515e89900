import assert from "node:assert/strict";
import { flame } from "../flame.ts";
import type { Pool } from "../pool-handle.ts";
import * as fns from "./conformance-functions.ts";
import { until } from "./until.ts";

/**
 * What a pool does for its users, one thing each: whatever its backend, and on any network that is merely bad. Each takes a
 * pool whose runners run `conformanceApp`, and rejects when that does not hold.
 */
export const poolBehaviours: Readonly<Record<string, (pool: Pool) => Promise<void>>> = {
  "a call gives its value": async (pool) => assert.equal(await flame.call(pool, fns.add, 1, 2), 3),

  "an error arrives as it was thrown": async (pool) => {
    await assert.rejects(
      flame.call(pool, fns.fail, "no luck"),
      (error: RangeError & { code: string }) =>
        error instanceof RangeError && error.code === "E_CONFORMANCE" && (error.cause as Error).message === "the cause",
    );
  },

  "a stream comes down whole and in order": async (pool) => {
    let next = 0;
    for await (const { i, text } of flame.stream(pool, fns.upTo, 300)) {
      assert.equal(i, next++);
      assert.equal(text.length, i % 100);
    }
    assert.equal(next, 300);
  },

  "a stream goes up": async (pool) => {
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < 20; i++) controller.enqueue(new Uint8Array(10_000));
        controller.close();
      },
    });
    assert.equal(await flame.call(pool, fns.total, source), 200_000);
  },

  "a callback is called from over there": async (pool) => {
    assert.equal(await flame.call(pool, fns.callBack, async (n: number) => n * 2, 5), 20);
  },

  "a placed child keeps its state": async (pool) => {
    await using counter = await flame.place(pool, fns.makeCounter);
    assert.equal(await counter.add(1), 1);
    assert.equal(await counter.add(2), 3);
    const seen: number[] = [];
    for await (const n of counter.upTo(3)) seen.push(n);
    assert.deepEqual(seen, [1, 2, 3]);
  },

  "a cancelled call is told so, and its work hears of it": async (pool) => {
    const controller = new AbortController();
    const started = Promise.withResolvers<void>();
    const call = flame.call(pool.with({ signal: controller.signal }), fns.untilAborted, started.resolve);
    await started.promise;
    controller.abort(new Error("never mind"));
    await assert.rejects(call, /never mind/);
    // Its slot is free when the work has ended, which it does only once it has heard.
    await until(() => pool.stats().inFlight === 0);
  },

  "a big value goes there and back": async (pool) => {
    const sent = Buffer.alloc(500_000, "flamelet");
    const back = (await flame.call(pool, fns.echo, sent)) as Buffer;
    assert.ok(sent.equals(back));
  },

  "many calls at once each get their own value": async (pool) => {
    const values = await Promise.all(Array.from({ length: 40 }, (_, i) => flame.call(pool, fns.add, i, i)));
    assert.deepEqual(
      values,
      Array.from({ length: 40 }, (_, i) => 2 * i),
    );
  },
};
