import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeClock } from "flamelet/testing";
import { Governor } from "../../src/governor/governor.ts";

/** A governor on a clock that stands still, and a log of when each call was let go. */
function governed(rates?: Record<string, { perSecond: number; burst: number }>): {
  clock: FakeClock;
  governor: Governor;
  log: string[];
  ask: (name: string, action?: string, id?: string, signal?: AbortSignal) => void;
} {
  const clock = new FakeClock();
  const governor = new Governor({ clock, random: () => 0.5, ...(rates === undefined ? {} : { rates }) });
  const log: string[] = [];
  const ask = (name: string, action = "create machine", id = "app", signal?: AbortSignal): void => {
    governor.admit(action, id, signal).then(
      () => log.push(`${name} at ${clock.now()}`),
      (reason: unknown) => log.push(`${name}: ${String(reason)}`),
    );
  };
  return { clock, governor, log, ask };
}

describe("the governor", () => {
  test("lets three go at once, and then not quite one a second, in the order in which they came", async () => {
    const { clock, governor, log, ask } = governed();
    for (const name of ["a", "b", "c", "d", "e"]) ask(name);
    await clock.advance(0);
    assert.deepEqual(log, ["a at 0", "b at 0", "c at 0"]);
    assert.equal(governor.waiting, 2);
    await clock.advance(999);
    assert.equal(log.length, 3);
    await clock.advance(60_000);
    assert.deepEqual(log.slice(3), ["d at 1020", "e at 2040"]);
    assert.equal(clock.pending, 0);
    for (const name of ["f", "g", "h", "i"]) ask(name);
    await clock.advance(0);
    assert.equal(log.length, 8, "the burst is back after a while, and no more than that");
  });

  test("counts each action on each identifier by itself, at its own rate", async () => {
    const { clock, log, ask } = governed();
    for (let i = 0; i < 100; i++) ask(`m${i}`, "start machine", `m${i}`);
    for (let i = 0; i < 12; i++) ask(`get${i}`, "get machine", "m0");
    await clock.advance(0);
    assert.equal(log.length, 110);
    await clock.advance(204);
    assert.equal(log.at(-1), "get10 at 204");
  });

  test("forgets a call whose caller gave up, and gives its turn to the next", async () => {
    const { clock, log, ask } = governed({ default: { perSecond: 1, burst: 1 } });
    const giveUp = new AbortController();
    ask("a");
    ask("b", undefined, undefined, giveUp.signal);
    ask("c");
    await clock.advance(500);
    giveUp.abort("no more");
    await clock.advance(520);
    assert.deepEqual(log, ["a at 0", "b: no more", "c at 1020"]);
    ask("d", undefined, undefined, giveUp.signal);
    await clock.advance(0);
    assert.equal(log.at(-1), "d: no more");
  });

  test("heeds what the API says of when to come back, and takes no burst then", async () => {
    const { clock, governor, log, ask } = governed();
    governor.refused("create machine", "app", 5_000);
    for (const name of ["a", "b"]) ask(name);
    await clock.advance(4_999);
    assert.deepEqual(log, []);
    await clock.advance(1);
    assert.deepEqual(log, ["a at 5000"]);
    await clock.advance(1_020);
    assert.equal(log.at(-1), "b at 6020");
  });

  test("counts a call from its answer, since nobody knows when it arrived", async () => {
    const { clock, governor, log, ask } = governed();
    const tokens = await Promise.all([1, 2, 3].map(() => governor.admit("create machine", "app")));
    for (const name of ["d", "e"]) ask(name);
    await clock.advance(300);
    for (const token of tokens) governor.accepted("create machine", "app", token);
    await clock.advance(1_019);
    assert.deepEqual(log, []);
    await clock.advance(10_000);
    assert.deepEqual(log, ["d at 1320", "e at 2340"]);
  });

  test("waits longer with each refusal that says nothing, up to half a minute", async () => {
    for (const [refusals, wait] of [
      [1, 500],
      [3, 2_000],
      [20, 15_000],
    ] as const) {
      const { clock, governor, log, ask } = governed();
      for (let i = 0; i < refusals; i++) governor.refused("create machine", "app", null);
      ask("a");
      await clock.advance(60_000);
      assert.deepEqual(log, [`a at ${wait}`]);
    }
  });

  test("keeps no lane that has nothing to remember", async () => {
    const { clock, ask, log } = governed();
    for (let i = 0; i < 3_000; i++) {
      ask(`${i}`, "start machine", `m${i}`);
      if (i % 500 === 0) await clock.advance(10_000);
    }
    await clock.advance(0);
    assert.equal(log.length, 3_000);
  });
});

describe("the breaker", () => {
  test("opens after five failures in a row, lets one call try, and closes when that succeeds", async () => {
    const { clock, governor } = governed();
    const { breaker } = governor;
    for (let i = 0; i < 4; i++) breaker.failed();
    assert.equal(breaker.wait(), 0);
    breaker.succeeded();
    for (let i = 0; i < 5; i++) breaker.failed();
    assert.equal(breaker.wait(), 750);
    await clock.advance(750);
    assert.equal(breaker.wait(), 0, "one may try");
    assert.ok(breaker.wait() > 0, "and no other");
    breaker.failed();
    assert.equal(breaker.wait(), 1_500);
    await clock.advance(1_500);
    assert.equal(breaker.wait(), 0);
    breaker.succeeded();
    assert.equal(breaker.wait(), 0);
    assert.equal(breaker.wait(), 0);
  });

  test("lets another try when the first gave up", async () => {
    const { clock, governor } = governed();
    for (let i = 0; i < 5; i++) governor.breaker.failed();
    await clock.advance(1_000);
    assert.equal(governor.breaker.wait(), 0);
    governor.breaker.abandoned();
    assert.equal(governor.breaker.wait(), 0);
  });
});
