import { parseArgs } from "node:util";
import { chaos, type ParentEnd } from "./run.ts";

const HELP = `npm run chaos -- [--rounds N] [--seconds S]

Runs real parents and runners under load, and does bad things to them: kill -9, SIGSTOP, out of memory, blocked event
loops, exits, unhandled rejections; and to the parents SIGTERM, kill -9, and a pause longer than the lease. Then reads the
journal that all of them wrote, and says what it proves. Ends with 1 if anything was violated.

  --rounds N    how many times each kind of parent's end (default 2)
  --seconds S   how long each parent works before its end (default 15)
`;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "2" },
    seconds: { type: "string", default: "15" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help === true) {
  console.log(HELP);
  process.exit(0);
}
const kinds: ParentEnd[] = ["SIGTERM", "SIGKILL", "pause", "orderly"];
const ends = Array.from({ length: Number(values.rounds) }, () => kinds).flat();
const result = await chaos({ each: Number(values.seconds) * 1_000, ends, say: console.log });
console.log(`\n${result.calls} calls, ${result.settled} settled`);
console.table(result.codes);
console.table(result.faults);
for (const violation of result.violations) console.log(`✖ ${violation}`);
console.log(result.violations.length === 0 ? "✔ nothing was violated" : `✖ ${result.violations.length} violations`);
process.exit(result.violations.length === 0 ? 0 : 1);
