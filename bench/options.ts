import { parseArgs } from "node:util";
import { cases } from "./cases/all.ts";

export const HELP = `npm run bench [-- <case>... [--rounds N] [--short] [--list]]

Runs flamelet, its peers and the limit side by side, prints tables, and writes bench/results/latest.json and .svg.

  <case>       only these (default: all; --list shows them)
  --only TEXT  only contenders whose name contains this, and the yardstick
  --rounds N   how often each is measured, in turns (default 5; peers in every second round)
  --short      a smoke test: too few samples to mean anything
  --save NAME  write bench/results/NAME.json and .svg instead
  --list       list the cases and their contenders
`;

export interface Options {
  readonly cases: readonly string[];
  readonly rounds: number;
  readonly short: boolean;
  readonly only: string | null;
  readonly save: string;
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
      save: { type: "string", default: "latest" },
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
  if (!/^[\w.-]+$/.test(values.save))
    throw new Error(`--save must be letters, digits, "-", "_" or ".", and is ${JSON.stringify(values.save)}`);
  return {
    cases: positionals.length > 0 ? positionals : known,
    rounds: Number(rounds),
    short: values.short,
    only: values.only ?? null,
    save: values.save,
    action: values.help ? "help" : values.list ? "list" : "run",
  };
}
