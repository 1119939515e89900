import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../modules/project-root.ts";
import { checkModule, type RemoteFunction } from "./check.ts";
import { modulesAt } from "./files.ts";
import { CHECK_HELP } from "./help.ts";

/** What a command writes and how it ends. */
export interface Outcome {
  readonly output: string;
  readonly code: number;
}

/** Runs the command. Throws an error whose message is for its user when it was called wrongly. */
export function check(args: readonly string[]): Outcome {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { list: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  if (values.help === true) return { output: CHECK_HELP, code: 0 };
  const root = projectRoot(process.cwd());
  const functions: RemoteFunction[] = [];
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const file of modules(positionals.length === 0 ? ["."] : positionals)) {
    const checked = checkModule(file, root);
    functions.push(...checked.functions);
    errors.push(...checked.errors);
    warnings.push(...checked.warnings.map((message) => message.replace(/^(.*?:\d+:\d+:) /, "$1 warning: ")));
  }
  const parts = [...errors, ...warnings];
  if (values.list === true) parts.push(...functions.map(listed));
  parts.push(
    `${count(functions.length, "function")} can run remotely, ${errors.length} refused, ${count(warnings.length, "warning")}`,
  );
  return { output: `${parts.join("\n\n")}\n`, code: errors.length > 0 ? 1 : 0 };
}

function modules(paths: readonly string[]): Set<string> {
  return new Set(
    paths.flatMap((path) => {
      try {
        return modulesAt(resolve(path));
      } catch (error) {
        throw new Error(`cannot read "${path}": ${(error as Error).message}`, { cause: error });
      }
    }),
  );
}

function listed({ id, where, verb, captures }: RemoteFunction): string {
  const takes = captures.length === 0 ? "captures nothing" : `captures ${captures.join(", ")}`;
  return `${id}\n    flame.${verb} at ${where} ${takes}`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
