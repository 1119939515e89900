import assert from "node:assert/strict";
import { test } from "node:test";
import { BootError } from "../../src/errors.ts";
import { decide, whyWaiting, type PoolView, type RunnerView } from "../../src/pool/policy.ts";

interface Sketch extends Partial<Omit<PoolView, "options" | "booting" | "ready" | "idle">> {
  options?: Partial<PoolView["options"]>;
  booting?: Partial<RunnerView>[];
  ready?: Partial<RunnerView>[];
}

/** A pool of 2 slots per runner in which nothing happens, but for what is given. */
function view(sketch: Sketch): PoolView {
  const runner = (letter: string) => (given: Partial<RunnerView>, index: number) => ({
    id: `${letter}${index + 1}`,
    load: 0,
    since: 0,
    responsive: true,
    ...given,
  });
  const ready = (sketch.ready ?? []).map(runner("r"));
  const options = {
    min: 0,
    max: 10,
    maxConcurrency: 2,
    buffer: 0,
    idleShutdownAfter: 100,
    minIdleShutdownAfter: Infinity,
    ...sketch.options,
  };
  return {
    queued: 0,
    inFlight: ready.reduce((sum, { load }) => sum + load, 0),
    free: ready.reduce((sum, { load, responsive }) => sum + (responsive ? options.maxConcurrency - load : 0), 0),
    draining: 0,
    awaited: false,
    activeAt: 0,
    boots: { notBefore: -Infinity, limit: Infinity, lastError: null },
    closing: false,
    ...sketch,
    options,
    booting: new Set((sketch.booting ?? []).map(runner("b"))),
    ready: new Set(ready),
    idle: new Set(ready.filter(({ load }) => load === 0)),
  };
}

/** What is decided, in short: `boot 2`, `cancelBoot b1`, `retire r1`. */
function plan(sketch: Sketch, now = 0): string[] {
  return decide(view(sketch), now).decisions.map((decision) => {
    assert.ok(decision.reason.length > 10, "a decision says why");
    return `${decision.kind} ${decision.kind === "boot" ? decision.count : decision.runner}`;
  });
}

const busy = { load: 2 };
const capacity = new BootError("no room in fra", { failure: "capacity" });

test("nothing is decided about a pool that has nothing to do", () => {
  assert.deepEqual(decide(view({}), 0), { decisions: [], wakeAt: Infinity });
});

test("boots as many runners as the calls that wait need, counting the slots of those that boot already", () => {
  assert.deepEqual(plan({ queued: 1 }), ["boot 1"]);
  assert.deepEqual(plan({ queued: 5 }), ["boot 3"]);
  assert.deepEqual(plan({ queued: 5, booting: [{}] }), ["boot 2"]);
  assert.deepEqual(plan({ queued: 2, booting: [{}] }), []);
});

test("max counts runners in every state", () => {
  assert.deepEqual(plan({ queued: 99, options: { max: 4 } }), ["boot 4"]);
  assert.deepEqual(plan({ queued: 99, options: { max: 4 }, ready: [busy], booting: [{}], draining: 1 }), ["boot 1"]);
  assert.deepEqual(plan({ queued: 99, options: { max: 4 }, ready: [busy, busy], draining: 2 }), []);
});

test("min is kept up with ready and booting runners, and max caps it while others drain", () => {
  assert.deepEqual(plan({ options: { min: 2 } }), ["boot 2"]);
  assert.deepEqual(plan({ options: { min: 2 }, booting: [{}] }), ["boot 1"]);
  assert.deepEqual(plan({ options: { min: 2 }, ready: [{}], booting: [{}] }), []);
  assert.deepEqual(plan({ options: { min: 2, max: 2 }, ready: [{}], draining: 1 }), []);
});

test("buffer asks for spare slots while anything runs or waits, and not otherwise", () => {
  const options = { buffer: 3 };
  assert.deepEqual(plan({ options, ready: [busy] }), ["boot 2"]);
  assert.deepEqual(plan({ options, ready: [{ load: 1 }] }), ["boot 1"]);
  assert.deepEqual(plan({ options, ready: [{ load: 1 }], booting: [{}] }), []);
  assert.deepEqual(plan({ options, queued: 1 }), ["boot 2"]);
  assert.deepEqual(plan({ options }), []);
});

test("slots of a runner that does not answer count for nobody", () => {
  assert.deepEqual(plan({ queued: 1, ready: [{ load: 1, responsive: false }] }), ["boot 1"]);
});

test("boots that nobody needs are cancelled, the newest first, but not those that min needs", () => {
  const booting = [{}, {}, {}];
  assert.deepEqual(plan({ booting }), ["cancelBoot b1", "cancelBoot b2", "cancelBoot b3"]);
  assert.deepEqual(plan({ booting, queued: 2 }), ["cancelBoot b2", "cancelBoot b3"]);
  assert.deepEqual(plan({ booting, options: { min: 2 } }), ["cancelBoot b3"]);
});

test("when max is lowered, boots go first, then the runners with the least work", () => {
  const ready = [busy, { load: 0, since: 5 }, { load: 1 }, { load: 0, since: 3 }];
  assert.deepEqual(plan({ ready, booting: [{}], queued: 1, options: { max: 2 } }, 6), [
    "retire r4",
    "retire r2",
    "cancelBoot b1",
  ]);
});

test("no boot before the breaker allows one, and it wakes then", () => {
  const boots = { notBefore: 50, limit: Infinity, lastError: capacity };
  assert.deepEqual(decide(view({ queued: 9, boots }), 40), { decisions: [], wakeAt: 50 });
  assert.deepEqual(plan({ queued: 9, boots }, 50), ["boot 5"]);
});

test("an open breaker lets one boot through at a time", () => {
  const boots = { notBefore: -Infinity, limit: 1, lastError: capacity };
  assert.deepEqual(plan({ queued: 9, boots }), ["boot 1"]);
  assert.deepEqual(plan({ queued: 9, boots, booting: [{}] }), []);
});

test("surplus runners retire when they have been idle for long enough, idle for longest first", () => {
  const ready = [{ since: 10 }, { since: 20 }, { since: 90 }];
  assert.deepEqual(decide(view({ ready }), 109), { decisions: [], wakeAt: 110 });
  assert.deepEqual(plan({ ready }, 110), ["retire r1"]);
  assert.deepEqual(plan({ ready }, 150), ["retire r1", "retire r2"]);
});

test("min runners stay, while the pool is in use and after", () => {
  const ready = [{ since: 10 }, { since: 20 }];
  assert.deepEqual(plan({ ready, options: { min: 1 } }, 500), ["retire r1"]);
  assert.deepEqual(plan({ ready: [{ since: 10 }], options: { min: 1 } }, 5000), []);
});

test("minIdleShutdownAfter lets go of min runners too, once the whole pool has had nothing to do for so long", () => {
  const options = { min: 2, minIdleShutdownAfter: 1000 };
  const ready = [{ since: 10 }, { since: 20 }];
  assert.deepEqual(decide(view({ ready, options, activeAt: 20 }), 1019), { decisions: [], wakeAt: 1020 });
  assert.deepEqual(plan({ ready, options, activeAt: 20 }, 1020), ["retire r1", "retire r2"]);
  assert.deepEqual(plan({ options, activeAt: 20 }, 1020), [], "and they are not booted again");
  assert.deepEqual(plan({ options, activeAt: 20, booting: [{}] }, 1020), ["boot 1"], "not while one boots");
  assert.deepEqual(plan({ options, activeAt: 20, awaited: true }, 1020), ["boot 2"], "nor while they are waited for");
  assert.deepEqual(plan({ options, activeAt: 20, queued: 1 }, 1020), ["boot 2"], "until there is work");
  assert.deepEqual(plan({ options, activeAt: 20, ready: [{ load: 1 }, { since: 10 }] }, 1020), []);
});

test("the spare slots that buffer asks for are not retired while the pool is active", () => {
  const options = { buffer: 2 };
  assert.deepEqual(plan({ options, ready: [busy, { since: 0 }] }, 500), []);
  assert.deepEqual(plan({ options, ready: [busy, { since: 0 }, { since: 1 }] }, 500), ["retire r2"]);
  assert.deepEqual(plan({ options, ready: [{ since: 0 }] }, 500), ["retire r1"]);
});

test("a pool that closes lets go of everything, and boots nothing", () => {
  const all = plan({ closing: true, options: { min: 2 }, queued: 9, ready: [busy, {}], booting: [{}], draining: 1 });
  assert.deepEqual(all, ["cancelBoot b1", "retire r1", "retire r2"]);
});

test("why calls wait is told in the words of the situation", () => {
  const boots = { notBefore: 90, limit: 1, lastError: capacity };
  const why = whyWaiting(view({ queued: 3, ready: [busy, { load: 1, responsive: false }], booting: [{}], boots }), 40);
  assert.equal(
    why,
    "2 runners are busy, 1 runner is unresponsive, 1 runner is booting, the next boot is tried in 50 ms, " +
      "the last boot failed: no room in fra",
  );
  assert.equal(
    whyWaiting(view({ queued: 1, ready: [busy], draining: 1, options: { max: 2 } }), 0),
    "1 runner is busy, 1 runner is draining, max is 2",
  );
});

test("deciding changes nothing: the same view gives the same plan again", () => {
  const same = view({ queued: 3, ready: [busy, { since: 0 }], booting: [{}], options: { buffer: 1, min: 1 } });
  assert.deepEqual(decide(same, 500), decide(same, 500));
});
