import assert from "node:assert/strict";
import { test } from "node:test";
import type { Case, Goal, Role } from "../harness/case.ts";
import { takesPart } from "../harness/rounds.ts";

const contender = (role: Role): Case["contenders"][string] => ({ role, measure: async () => ({}) });
const over = (other: string): Goal => ({
  metric: "p50",
  of: "ours",
  over: { contender: other, by: "ratio" },
  solid: 2,
  goal: 1,
});

const example: Case = {
  title: "An example",
  about: "Nothing is measured.",
  cores: "all",
  metrics: { p50: { unit: "µs", better: "lower" } },
  yardstick: "yardstick",
  contenders: {
    yardstick: contender("limit"),
    "limit of a goal": contender("limit"),
    "other limit": contender("limit"),
    ours: contender("flamelet"),
    "ours as well": contender("flamelet"),
    "peer of a goal": contender("peer"),
    "other peer": contender("peer"),
  },
  goals: [over("limit of a goal"), over("peer of a goal")],
};

test("all that flamelet is compared with takes part with it; what is here for its order of magnitude, less often", () => {
  const rounds = (name: string): number[] => [0, 1, 2, 3, 4].filter((round) => takesPart(name, example, round));
  for (const name of ["yardstick", "limit of a goal", "ours", "ours as well"])
    assert.deepEqual(rounds(name), [0, 1, 2, 3, 4], name);
  for (const name of ["other limit", "peer of a goal"]) assert.deepEqual(rounds(name), [0, 3], name);
  assert.deepEqual(rounds("other peer"), [0]);
});
