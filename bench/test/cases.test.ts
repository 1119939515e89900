/** Each case, with all that it compares, in a form that takes a moment. It must run and be sane; nothing is said of speed. */
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, test } from "node:test";
import { cases } from "../cases/all.ts";
import { pinnedCore } from "../harness/machine.ts";
import { measureOnce } from "../harness/measuring-process.ts";

const core = pinnedCore();

for (const [name, load] of Object.entries(cases)) {
  describe(name, { concurrency: availableParallelism() }, async () => {
    const each = await load();
    const known = Object.keys(each.metrics);
    for (const contender of Object.keys(each.contenders)) {
      test(contender, async (t) => {
        const outcome = await measureOnce({
          case: name,
          contender,
          short: true,
          core: each.cores === "one" ? core : null,
        });
        if ("unavailable" in outcome) return t.skip(outcome.unavailable);
        const metrics = Object.entries(outcome.metrics);
        assert.ok(metrics.length > 0, "it measured nothing");
        for (const [metric, value] of metrics) {
          assert.ok(known.includes(metric), `there is no metric ${metric}`);
          assert.ok(Number.isFinite(value), `${metric} is ${value}`);
          // Memory may shrink.
          const { unit } = each.metrics[metric] ?? { unit: "count" };
          if (!["MB", "KB", "%"].includes(unit)) assert.ok(value > 0, `${metric} is ${value}`);
        }
      });
    }
    test("its yardstick and its goals name contenders and metrics that exist", () => {
      const contenders = Object.keys(each.contenders);
      if (each.yardstick !== null) assert.ok(contenders.includes(each.yardstick), each.yardstick);
      for (const { metric, of, over } of each.goals) {
        assert.ok(contenders.includes(of), of);
        assert.ok(known.includes(metric) && known.includes(over?.metric ?? metric), metric);
        if (over !== undefined) assert.ok(contenders.includes(over.contender), over.contender);
      }
    });
  });
}
