import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock, Timer } from "../src/clock.ts";
import { SharedTimers } from "../src/shared-timers.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";

/** A clock that counts the timers that are armed. */
class Counting implements Clock {
  readonly fake: FakeClock = new FakeClock();
  armed = 0;
  now = (): number => this.fake.now();
  setTimer(ms: number, fn: () => void): Timer {
    this.armed += 1;
    let over = false;
    const end = (): void => {
      if (!over) this.armed -= 1;
      over = true;
    };
    const timer = this.fake.setTimer(ms, () => {
      end();
      fn();
    });
    return {
      cancel: () => {
        end();
        timer.cancel();
      },
    };
  }
}

test("each fires at its time, in order, and those of one duration cost one timer", async () => {
  const clock = new Counting();
  const timers = new SharedTimers(clock);
  const fired: string[] = [];
  timers.setTimer(100, () => fired.push("a"));
  await clock.fake.advance(40);
  timers.setTimer(100, () => fired.push("b"));
  timers.setTimer(30, () => fired.push("c"));
  assert.equal(clock.armed, 2);
  await clock.fake.advance(59);
  assert.deepEqual(fired, ["c"]);
  await clock.fake.advance(1);
  assert.deepEqual(fired, ["c", "a"]);
  await clock.fake.advance(39);
  assert.deepEqual(fired, ["c", "a"]);
  await clock.fake.advance(1);
  assert.deepEqual(fired, ["c", "a", "b"]);
  assert.equal(clock.armed, 0);
});

test("what is cancelled does not fire, first, last or in the middle, and may be cancelled twice", async () => {
  const clock = new Counting();
  const timers = new SharedTimers(clock);
  const fired: number[] = [];
  const set = Array.from({ length: 5 }, (_, n) => timers.setTimer(100, () => fired.push(n)));
  for (const n of [0, 2, 4, 4]) set[n]?.cancel();
  await clock.fake.advance(100);
  assert.deepEqual(fired, [1, 3]);
  const last = timers.setTimer(100, () => fired.push(9));
  last.cancel();
  last.cancel();
  await clock.fake.advance(100);
  assert.deepEqual(fired, [1, 3]);
  assert.equal(clock.armed, 0);
});

test("one that fires may set and cancel others", async () => {
  const clock = new Counting();
  const timers = new SharedTimers(clock);
  const fired: string[] = [];
  timers.setTimer(50, () => {
    fired.push("a");
    b.cancel();
    timers.setTimer(50, () => fired.push("c"));
  });
  const b = timers.setTimer(50, () => fired.push("b"));
  await clock.fake.advance(50);
  assert.deepEqual(fired, ["a"]);
  await clock.fake.advance(50);
  assert.deepEqual(fired, ["a", "c"]);
  assert.equal(clock.armed, 0);
});

test("Infinity never fires", async () => {
  const timers = new SharedTimers(new FakeClock());
  timers.setTimer(Infinity, () => assert.fail()).cancel();
});

test("calls that follow one another cost one timer, which goes when nobody has waited for it", async () => {
  const clock = new Counting();
  const timers = new SharedTimers(clock);
  const never = (): never => assert.fail("it was cancelled");
  for (let n = 0; n < 3; n++) {
    timers.setTimer(100, never).cancel();
    assert.equal(clock.armed, 1);
    await clock.fake.advance(10);
  }
  const fired: number[] = [];
  timers.setTimer(100, () => fired.push(clock.now()));
  const due = clock.now() + 100;
  await clock.fake.advance(99);
  assert.deepEqual(fired, []);
  await clock.fake.advance(1);
  assert.deepEqual(fired, [due]);
  timers.setTimer(100, never).cancel();
  await clock.fake.advance(100);
  assert.equal(clock.armed, 0);
});

test("one timer at most is kept that nobody waits for, and none at the end", () => {
  const clock = new Counting();
  const timers = new SharedTimers(clock);
  for (let ms = 100; ms < 110; ms++) timers.setTimer(ms, () => {}).cancel();
  assert.equal(clock.armed, 1);
  const last = timers.setTimer(50, () => {});
  timers[Symbol.dispose]();
  assert.equal(clock.armed, 1);
  last.cancel();
  assert.equal(clock.armed, 0);
});
