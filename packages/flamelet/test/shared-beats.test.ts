import assert from "node:assert/strict";
import { test } from "node:test";
import { onBeat } from "../src/shared-beats.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";

test("all who share a clock and a length are called together, by one timer", async () => {
  const clock = new FakeClock();
  const calls: string[] = [];
  const note = (who: string) => () => void calls.push(`${who} ${clock.now()}`);
  const first = onBeat(clock, 1_000, note("a"));
  await clock.advance(400);
  const second = onBeat(clock, 1_000, note("b"));
  await clock.advance(1_600);
  assert.deepEqual(calls, ["a 1000", "b 1000", "a 2000", "b 2000"]);
  assert.equal(clock.pending, 1);
  first.cancel();
  await clock.advance(1_000);
  assert.deepEqual(calls.slice(4), ["b 3000"]);
  second.cancel();
  second.cancel();
  assert.equal(clock.pending, 0);
});

test("who comes late in a beat is called at the next but one", async () => {
  const clock = new FakeClock();
  const calls: number[] = [];
  using _ = asDisposable(onBeat(clock, 1_000, () => {}));
  await clock.advance(600);
  using __ = asDisposable(onBeat(clock, 1_000, () => void calls.push(clock.now())));
  await clock.advance(2_500);
  assert.deepEqual(calls, [2_000, 3_000]);
});

test("one that ends all of them while it is called leaves nothing behind, and another begins anew", async () => {
  const clock = new FakeClock();
  const beat = onBeat(clock, 1_000, () => beat.cancel());
  await clock.advance(1_000);
  assert.equal(clock.pending, 0);
  let calls = 0;
  const again = onBeat(clock, 1_000, () => void (calls += 1));
  await clock.advance(1_000);
  assert.equal(calls, 1);
  again.cancel();
});

test("very many are called in turns that others can come between, and those that left meanwhile are not", async () => {
  const clock = new FakeClock();
  const calls: number[] = [];
  let reached = 0;
  const look = (): void => {
    reached = calls.length;
    timers[119]?.cancel();
  };
  const timers = Array.from({ length: 121 }, (_, i) =>
    onBeat(clock, 1_000, () => {
      if (calls.push(i) === 1) setImmediate(look);
    }),
  );
  await clock.advance(1_000);
  while (calls.at(-1) !== 120) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(reached < 120, `all ${reached} were called at once`);
  assert.deepEqual(calls, [...Array.from({ length: 119 }, (_, i) => i), 120]);
});

test("other clocks and lengths have a beat of their own, and one without end has none", async () => {
  const [one, other] = [new FakeClock(), new FakeClock()];
  const calls: string[] = [];
  onBeat(one, 1_000, () => void calls.push("one"));
  onBeat(one, 3_000, () => void calls.push("slow"));
  onBeat(other, 1_000, () => void calls.push("other"));
  onBeat(one, Infinity, () => void calls.push("never"));
  assert.deepEqual([one.pending, other.pending], [2, 1]);
  await one.advance(3_000);
  assert.deepEqual(calls, ["one", "one", "slow", "one"]);
});

function asDisposable(timer: { cancel(): void }): Disposable {
  return { [Symbol.dispose]: () => timer.cancel() };
}
