import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseToStop, type Stoppable } from "../../src/proxy/autostop-choice.ts";
import { type Candidate, route, type RouteWish } from "../../src/proxy/route.ts";
import { parseRegionPreference } from "../../src/regions/preference.ts";

function candidate(id: string, region: string, load = 0, more: Partial<Candidate> = {}): Candidate {
  return { id, region, load, status: "running", softLimit: 2, hardLimit: 4, ...more };
}
const choose = (candidates: Candidate[], wish: Partial<RouteWish> = {}, random = 0) =>
  route(candidates, { edge: "ams", ...wish }, () => random);
const asleep = { status: "startable" } as const;

test("the closest region first, whatever its load, as long as one there is below its hard limit", () => {
  assert.deepEqual(choose([candidate("a", "iad"), candidate("b", "ams", 1)]), { to: "b" });
  assert.deepEqual(choose([candidate("a", "iad"), candidate("b", "ams", 3)]), { to: "b" });
  assert.deepEqual(choose([candidate("a", "iad"), candidate("b", "ams", 4)]), { to: "a" });
});

test("in a region: below the soft limit before above it, then the least loaded, then chance", () => {
  const wide = { softLimit: 10, hardLimit: 20 };
  assert.deepEqual(choose([candidate("a", "ams", 2), candidate("b", "ams", 3, wide)]), { to: "b" });
  assert.deepEqual(choose([candidate("a", "ams", 1), candidate("b", "ams", 0)]), { to: "b" });
  assert.deepEqual(choose([candidate("a", "ams", 3), candidate("b", "ams", 2)]), { to: "b" });
  assert.deepEqual(choose([candidate("a", "ams"), candidate("b", "ams")], {}, 0.99), { to: "b" });
});

test("a machine is started when none that runs is below its soft limit, the closest one", () => {
  const sleepers = [candidate("s", "iad", 0, asleep), candidate("t", "fra", 0, asleep)];
  assert.deepEqual(choose(sleepers), { wake: "t" });
  assert.deepEqual(choose([candidate("a", "ams", 1), ...sleepers]), { to: "a" });
  assert.deepEqual(choose([candidate("a", "ams", 2), ...sleepers]), { wake: "t" });
  assert.deepEqual(choose([candidate("a", "ams", 2), candidate("b", "nrt", 1), ...sleepers]), { to: "a" });
});

test("full and none are told apart", () => {
  assert.deepEqual(choose([]), { no: "none" });
  assert.deepEqual(choose([candidate("a", "ams", 0, { status: "unavailable" })]), { no: "none" });
  assert.deepEqual(choose([candidate("a", "ams", 4)]), { no: "full" });
});

test("regions in order of preference, with or without the others after them", () => {
  const all = [candidate("a", "ams"), candidate("i", "iad"), candidate("o", "ord"), candidate("n", "nrt")];
  const regions = parseRegionPreference("syd,us");
  assert.deepEqual(choose(all, { regions }), { to: "i" });
  assert.deepEqual(choose(all.slice(0, 1), { regions }), { to: "a" });
  assert.deepEqual(choose(all.slice(0, 1), { regions, regionsOnly: true }), { no: "none" });
  assert.deepEqual(choose([candidate("i", "iad", 4), ...all], { regions, regionsOnly: true, except: new Set(["i"]) }), {
    to: "o",
  });
});

test("one machine: it or none; a preferred one: it, or another, and that is told", () => {
  const all = [candidate("a", "ams"), candidate("i", "iad", 4), candidate("n", "nrt", 0, asleep)];
  assert.deepEqual(choose(all, { instance: "a" }), { to: "a" });
  assert.deepEqual(choose(all, { instance: "i" }), { no: "full" });
  assert.deepEqual(choose(all, { instance: "n" }), { wake: "n" });
  assert.deepEqual(choose(all, { instance: "x" }), { no: "none" });
  assert.deepEqual(choose(all, { preferInstance: "n" }), { wake: "n" });
  assert.deepEqual(choose(all, { preferInstance: "i" }), { to: "a", preferredUnavailable: "i" });
});

function running(id: string, region: string, load = 0, minRunning = 0): Stoppable {
  return { id, region, load, softLimit: 5, minRunning };
}

test("autostop: all but one spare go, one at a time, and the last when it is idle", () => {
  assert.equal(chooseToStop([], "ams"), null);
  assert.equal(chooseToStop([running("a", "ams")], "ams"), "a");
  assert.equal(chooseToStop([running("a", "ams", 1)], "ams"), null);
  assert.equal(chooseToStop([running("a", "ams", 2), running("b", "ams", 1)], "ams"), "b");
  assert.equal(chooseToStop([running("a", "ams", 5), running("b", "ams", 1)], "ams"), null);
  assert.equal(chooseToStop([running("a", "ams", 5), running("b", "ams", 0), running("c", "ams", 1)], "ams"), "b");
});

test("autostop looks at each region apart, and keeps a minimum in the primary one alone", () => {
  assert.equal(chooseToStop([running("a", "ams", 1), running("b", "iad")], "ams"), "b");
  assert.equal(chooseToStop([running("a", "ams", 0, 1)], "ams"), null);
  assert.equal(chooseToStop([running("a", "iad", 0, 1)], "ams"), "a");
  assert.equal(chooseToStop([running("a", "ams", 0, 1), running("b", "ams", 0, 1)], "ams"), "a");
});
