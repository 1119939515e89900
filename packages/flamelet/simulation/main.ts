import { parseArgs } from "node:util";
import type { HistoryResult } from "./history.ts";
import { simulate } from "./simulate.ts";

const HELP = `npm run simulate -- [--seeds N] [--from N] [--keep-going]
npm run simulate -- --seed N [--verbose]

Simulates pool, runner and session: one seed, one history, always the same. Ends with 1 if a rule is broken in any.

  --seeds N      how many histories (default 1000)
  --from N       the seed of the first (default 1)
  --keep-going   do not stop at the first history in which a rule is broken
  --seed N       only that one; its lines are shown if a rule is broken
  --verbose      show its lines in any case
`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    verbose: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help === true) {
  console.log(HELP);
  process.exit(0);
}
for (const option of ["seeds", "from", "seed"] as const) {
  if (values[option] === undefined || /^\d+$/.test(values[option])) continue;
  console.error(`--${option} must be a whole number, and is ${JSON.stringify(values[option])}`);
  process.exit(2);
}

const one = values.seed === undefined ? null : Number(values.seed);
process.exitCode = one === null ? await many(Number(values.from), Number(values.seeds)) : await single(one);

async function single(seed: number): Promise<number> {
  const result = await simulate(seed, { verbose: true });
  if (values.verbose || result.violation !== null) console.log(result.lines.join("\n"));
  console.log(verdict(result));
  return result.violation === null ? 0 : 1;
}

async function many(from: number, count: number): Promise<number> {
  const started = performance.now();
  const sum = { events: 0, virtualMs: 0, calls: 0, machines: 0, losses: 0 };
  const broken: HistoryResult[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const result = await simulate(seed);
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += result.figures[key];
    if (result.violation === null) continue;
    broken.push(result);
    console.log(verdict(result));
    if (!values["keep-going"]) {
      const again = await simulate(seed, { verbose: true });
      console.log(again.lines.slice(-150).join("\n"));
      console.log(`${verdict(again)}\nThe whole history: npm run simulate -- --seed ${seed} --verbose`);
      return 1;
    }
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${count} histories in ${seconds.toFixed(1)} s (${(count / seconds).toFixed(0)} a second), ${broken.length} broken: ` +
      `${(sum.virtualMs / 3_600_000).toFixed(1)} hours of virtual time, ${sum.events} events, ${sum.calls} calls, ` +
      `${sum.machines} machines, ${sum.losses} runners lost`,
  );
  return broken.length === 0 ? 0 : 1;
}

function verdict({ seed, violation }: HistoryResult): string {
  if (violation === null) return `seed ${seed}: every rule held`;
  return `seed ${seed}: at ${violation.at.toFixed(1)} ms, ${violation.what}`;
}
