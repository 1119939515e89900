import { parseArgs } from "node:util";
import { cases } from "./cases/all.ts";

export const HELP = `npm run bench [-- <case>... [--rounds N] [--short] | --list | --publish]

Runs flamelet, its peers and the limit side by side, prints tables, and writes bench/results/latest.json and .svg.

  <case>       only these (default: all; --list shows them)
  --only TEXT  only contenders whose name contains this, and the yardstick
  --rounds N   how often each is measured, in turns (default 5; peers in one or two of them)
  --short      a smoke test: too few samples to mean anything
  --save NAME  write bench/results/NAME.json and .svg instead
  --publish    save under today's date, and write the tables of docs/benchmarks.md from it
  --list       list the cases and their contenders
`;

export interface Options {
  readonly cases: readonly string[];
  readonly rounds: number;
  readonly short: boolean;
  readonly only: string | null;
  readonly save: string;
  readonly publish: boolean;
  readonly action: "run" | "list" | "help";
}

/** Reads the command line. Throws an `Error` that says what is wrong with it, and what would be right. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      short: { type: "boolean", default: false },
      only: { type: "string" },
      save: { type: "string" },
      publish: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const known = Object.keys(cases);
  for (const name of positionals)
    if (!known.includes(name)) throw new Error(`there is no case "${name}"; there are ${known.join(", ")}`);
  const rounds = values.rounds ?? (values.short ? "1" : "5");
  if (!/^[1-9]\d*$/.test(rounds))
    throw new Error(`--rounds must be a whole number ≥ 1, and is ${JSON.stringify(rounds)}`);
  const { publish, save = publish ? new Date().toISOString().slice(0, 10) : "latest" } = values;
  if (!/^[\w.-]+$/.test(save))
    throw new Error(`--save must be letters, digits, "-", "_" or ".", and is ${JSON.stringify(save)}`);
  if (publish && (values.short || positionals.length > 0 || values.only !== undefined))
    throw new Error("--publish is for a whole run: without --short, --only and names of cases");
  return {
    cases: positionals.length > 0 ? positionals : known,
    rounds: Number(rounds),
    short: values.short,
    only: values.only ?? null,
    save,
    publish,
    action: values.help ? "help" : values.list ? "list" : "run",
  };
}
