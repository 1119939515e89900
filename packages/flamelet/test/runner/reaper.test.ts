import assert from "node:assert/strict";
import { test } from "node:test";
import type { Backend, MachineListing } from "../../src/backends/backend.ts";
import { Reaper } from "../../src/runner/reaper.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { FakeBackend } from "./harness.ts";

const orphan: MachineListing = { id: "m9", name: "p-9", pool: "p", parentId: "gone", buildId: "b", epoch: 1 };

function reaping(orphans: () => Promise<MachineListing[]>): { clock: FakeClock; backend: FakeBackend; reaper: Reaper } {
  const clock = new FakeClock();
  const backend = Object.assign(new FakeBackend(), { orphans });
  return { clock, backend, reaper: new Reaper(backend as Backend, clock, () => 0.5) };
}

test("a reaper destroys what is left over, every few minutes, until nobody needs it", async () => {
  const { clock, backend, reaper } = reaping(() => Promise.resolve([orphan]));
  const [one, two] = [reaper.start(), reaper.start()];
  await clock.advance(299_999);
  assert.deepEqual(backend.log, []);
  await clock.advance(1);
  assert.deepEqual(backend.log, ["destroy m9"]);
  await clock.advance(300_000);
  assert.equal(backend.log.length, 2);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  await clock.advance(300_000);
  assert.equal(backend.log.length, 3);
  two[Symbol.dispose]();
  assert.equal(clock.pending, 0);
});

test("a reaper that is told nothing tries again the next time", async () => {
  let asked = 0;
  const { clock, backend, reaper } = reaping(() =>
    ++asked === 1 ? Promise.reject(new Error("503")) : Promise.resolve([orphan, { ...orphan, id: "m10" }]),
  );
  backend.destroyed = Promise.reject(new Error("409"));
  backend.destroyed.catch(() => {});
  using _ = reaper.start();
  await clock.advance(600_000);
  assert.deepEqual(backend.log, ["destroy m9", "destroy m10"]);
});

test("a backend that leaves nothing over is not asked", () => {
  const clock = new FakeClock();
  using _ = new Reaper(new FakeBackend(), clock, () => 0).start();
  assert.equal(clock.pending, 0);
});
