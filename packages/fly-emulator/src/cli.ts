import { readFileSync } from "node:fs";
import { fault, image, logs, ps } from "./cli/ask-commands.ts";
import { up } from "./cli/up.ts";
import { HELP, UsageError } from "./cli/usage.ts";
import { Refusal } from "./world/refusal.ts";

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = { up, image, ps, logs, fault };

/** Problems of this host that a stack says nothing about. */
const OF_THE_HOST: readonly unknown[] = ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL"];

function version(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

async function main([command, ...args]: string[]): Promise<void> {
  if (
    command === undefined ||
    command === "--help" ||
    command === "-h" ||
    command === "help" ||
    args.includes("--help")
  )
    return void process.stdout.write(HELP);
  if (command === "--version" || command === "-v") return console.log(version());
  const run = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (run === undefined)
    throw new UsageError(`there is no command "${command}"; there are ${Object.keys(COMMANDS).join(", ")}`);
  await run(args);
}

main(process.argv.slice(2)).catch((error: Error & { code?: string }) => {
  const known =
    error instanceof UsageError || error instanceof Refusal || error.code?.startsWith("ERR_PARSE_ARGS") === true;
  const plain = known || OF_THE_HOST.includes(error.code);
  process.stderr.write(`flamelet-fly: ${plain ? error.message : (error.stack ?? error.message)}\n`);
  if (known) process.stderr.write("`flamelet-fly --help` says what there is.\n");
  process.exit(known ? 2 : 1);
});
