import { parseArgs } from "node:util";
import { burst, type BurstResult, type Standby } from "./run.ts";

const HELP = `npm run burst -w packages/fly -- [--calls N] [--standby none|stopped|suspended]… [--json]

Makes N calls at once, each in need of a machine of its own, on the emulator with Fly's times and rate limits: without standby
machines, and with as many as there are calls. Prints when the calls started, what was refused, and what was lost. Ends
with 1 if a call was lost. A hundred without standby take about two minutes, and a hundred are prepared in as many.

  --calls N      how many (default 100)
  --standby S    which ways, may be given several times (default: none, stopped and suspended)
  --json         one line of JSON for each way
`;

const WAYS: readonly Standby[] = ["none", "stopped", "suspended"];

function usage(problem: string): never {
  console.error(`burst: ${problem}\n\n${HELP}`);
  process.exit(2);
}

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "100" },
    standby: { type: "string", multiple: true, default: [...WAYS] },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const calls = Number(values.calls);
if (!Number.isInteger(calls) || calls < 1) usage(`--calls must be a whole number from 1, but it is "${values.calls}"`);
const ways = values.standby.map((way) => WAYS.find((each) => each === way) ?? usage(`there is no --standby "${way}"`));

const seconds = (ms: number | null | undefined): string => (ms == null ? "" : `${(ms / 1000).toFixed(1)} s`);
const row = ({ standby, prepared, started, refused, lost, fromStandby, created }: BurstResult): object => ({
  standby,
  "prepared in": seconds(prepared),
  "first runs after": seconds(started[0]),
  "half of them": seconds(started[Math.ceil(started.length / 2) - 1]),
  "the last": seconds(started.at(-1)),
  "refused (429)": refused.length,
  lost: lost.length,
  "from standby": fromStandby,
  "made meanwhile": created,
});
const results: BurstResult[] = [];
for (const standby of ways) {
  const result = await burst({ calls, standby });
  results.push(result);
  if (values.json) console.log(JSON.stringify({ ...result, lost: result.lost.map(String) }));
}
if (!values.json) console.table(results.map(row));
process.exit(results.every(({ lost }) => lost.length === 0) ? 0 : 1);
