/** A short run of `npm run chaos`: real parents, real runners, real accidents, and a journal that must prove our rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../../chaos/check.ts";
import type { Entry } from "../../chaos/journal.ts";
import { chaos } from "../../chaos/run.ts";

test(
  "under accidents of all kinds, every call settles once, ran at most once, and nothing is left",
  { timeout: 180_000 },
  async () => {
    // Each works until it has been through something, however slow the machine.
    const result = await chaos({ each: 6_000, values: 30, ends: ["SIGTERM", "SIGKILL"], say: () => {} });
    assert.deepEqual(result.violations, []);
    assert.ok((result.codes["value"] ?? 0) >= 90, JSON.stringify(result.codes));
  },
);

const asked: Entry = { event: "asked", call: "1-1", kind: "quick" };
const started: Entry = { event: "started", call: "1-1", pid: 2 };
const ended: Entry = { event: "ended", call: "1-1", pid: 2 };
const value: Entry = { event: "settled", call: "1-1", code: null, outcome: null };
const lost: Entry = { event: "settled", call: "1-1", code: "ERR_FLAME_RUNNER_LOST", outcome: "not-started" };

for (const [what, journal, violations] of [
  ["a call that gave its value", [asked, started, ended, value], 0],
  ["a call that did not start, and was told so", [asked, lost], 0],
  ["a call that ran twice", [asked, started, ended, started, ended, value], 1],
  ["a call that settled twice", [asked, started, ended, value, value], 1],
  ["a call of a surviving parent that never settled", [asked, started], 1],
  ["a value out of nowhere", [asked, value], 1],
  ["a call that ran, and was told that it had not", [asked, started, lost], 1],
  ["stats() that are not true", [{ event: "counted", stats: 1, processes: 0 }], 1],
] as [string, Entry[], number][]) {
  test(`the checker ${violations === 0 ? "accepts" : "notices"} ${what}`, () => {
    assert.equal(check(journal, [1]).violations.length > 0, violations > 0);
  });
}
