import { parseArgs } from "node:util";
import { chaos, type ParentEnd } from "./run.ts";

const HELP = `npm run chaos -w packages/fly -- [--rounds N] [--seconds S]

Runs real parents and runners as machines of the emulator, under load, and does bad things to them: lost answers, 429, 5xx, full
regions, stale lists, kill -9, SIGSTOP, dead hosts; and to the parents SIGTERM and kill -9. Then reads the journal that all
of them wrote, and what machines there were. Ends with 1 if a call was lost or ran twice, if two machines of one boot
were there at once, or if one was left.

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
const kinds: ParentEnd[] = ["SIGTERM", "SIGKILL", "orderly"];
const ends = Array.from({ length: Number(values.rounds) }, () => kinds).flat();
const result = await chaos({ each: Number(values.seconds) * 1_000, ends });
console.log(`${result.calls} calls, ${result.settled} settled, ${result.machines} machines`);
console.table(result.codes);
console.table(result.faults);
for (const violation of result.violations) console.log(`✖ ${violation}`);
console.log(result.violations.length === 0 ? "✔ nothing was violated" : `✖ ${result.violations.length} violations`);
process.exit(result.violations.length === 0 ? 0 : 1);
