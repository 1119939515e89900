import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { simulate } from "../../simulation/simulate.ts";
import { mutations } from "./mutations.ts";

/** How many histories a fault of flamelet may hide in. */
const SEEDS = 400;

test("every rule holds in 300 histories", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const { violation } = await simulate(seed);
    assert.equal(violation, null, `seed ${seed} (npm run simulate -- --seed ${seed} --verbose): ${violation?.what}`);
  }
});

test("a seed gives the same history again, whatever ran before", async () => {
  const first = await simulate(42, { verbose: true });
  await simulate(43);
  const again = await simulate(42, { verbose: true });
  assert.ok(first.lines.length > 10);
  assert.deepEqual(again.lines, first.lines);
  assert.equal(again.digest, first.digest);
  assert.equal((await simulate(42)).digest, first.digest, "writing it down must change nothing");
  assert.notEqual((await simulate(44)).digest, first.digest);
});

describe("a history notices when", () => {
  for (const mutation of mutations) {
    test(mutation.name, async (t) => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { violation } = await simulate(seed, { mutation });
        if (violation !== null) return t.diagnostic(`seed ${seed}: ${violation.what}`);
      }
      assert.fail(`${SEEDS} histories notice nothing`);
    });
  }
});
