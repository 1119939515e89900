import assert from "node:assert/strict";
import { test } from "node:test";
import type { Case } from "../harness/case.ts";
import { resultOf } from "../harness/result.ts";
import { caseTable, tally } from "../harness/table.ts";

const measure = async (): Promise<Record<string, number>> => ({});

const example: Case = {
  title: "An example",
  about: "Numbers that were made up.",
  cores: "all",
  metrics: { p50: { unit: "µs", better: "lower" } },
  yardstick: "limit",
  contenders: {
    limit: { role: "limit", measure },
    ours: { role: "flamelet", measure },
    peer: { role: "peer", measure },
  },
  goals: [
    { metric: "p50", of: "ours", over: { contender: "limit", by: "ratio" }, solid: 2.5, goal: 1.5 },
    { metric: "p50", of: "ours", over: { contender: "limit", by: "difference" }, solid: 5, goal: 2 },
    { metric: "p50", of: "ours", solid: 50, goal: 30 },
    { metric: "p50", of: "peer", solid: 50, goal: 30 },
  ],
};

const rounds = {
  limit: [{ p50: 10 }, { p50: 100 }, { p50: 10 }],
  ours: [{ p50: 20 }, { p50: 200 }, { p50: 21 }],
  peer: [null, null, null],
};

test("ratios are those of one round, so that a slow round does not count against anybody", () => {
  const { rows } = resultOf("example", example, { rounds, unavailable: { peer: "not found" } }, 1);
  assert.deepEqual(
    rows.map(({ contender }) => contender),
    ["limit", "ours"],
  );
  assert.deepEqual(rows[1]?.ratios["p50"], { median: 2, min: 2, max: 2.1 });
  assert.deepEqual(rows[1]?.values["p50"], { median: 21, min: 20, max: 200 });
});

test("a goal is met, nearly met, missed, or was not measured", () => {
  const { goals, noise } = resultOf("example", example, { rounds, unavailable: { peer: "not found" } }, 1);
  assert.deepEqual(
    goals.map(({ verdict }) => verdict),
    ["solid", "missed", "goal", "not measured"],
  );
  assert.equal(goals[1]?.reached?.median, 11);
  assert.equal(noise["p50"], 9);
});

test("the table has everybody, and says who was not there", () => {
  const table = caseTable(resultOf("example", example, { rounds, unavailable: { peer: "not found" } }, 1));
  assert.match(table, /ours\s+21\.0 \(20\.0–200\)\s+2\.00 ×/);
  assert.match(table, /peer: not here \(not found\)/);
  assert.match(table, /~ solid\s+p50 of ours \/ limit\s+2\.00 ×\s+solid ≤ 2\.50 ×\s+goal ≤ 1\.50 ×/);
});

test("the goals of a run are counted", () => {
  const result = resultOf("example", example, { rounds, unavailable: { peer: "not found" } }, 1);
  assert.equal(tally([result]), "Of 4 goals, 1 is met, 1 is solid, 1 is missed, 1 is not measured.");
});
