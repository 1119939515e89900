#!/usr/bin/env node
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CHECK_HELP } from "./check/help.ts";
import { ownManifest, ownModule } from "./own-files.ts";

const HELP = `flamelet: run any piece of your app on a temporary copy of your app

  flamelet doctor <entry> [-- arguments of the app]
      Starts the app as \`node --import flamelet/register <entry>\` does, boots one runner of each of its pools through
      the backend that the pool has, and says, step by step, what works and what to fix. Exits with 0 when all is well.

${CHECK_HELP}
  flamelet --help       this text
  flamelet --version    the version
`;

function fail(message: string): never {
  process.stderr.write(`flamelet: ${message}\n\n${HELP}`);
  process.exit(2);
}

function version(): string {
  const manifest = JSON.parse(readFileSync(ownManifest, "utf8")) as { version: string };
  return manifest.version;
}

/** Starts the app with the doctor in it, and ends as it ends. */
function doctor(entry: string, args: readonly string[]): void {
  const hosts = ["hosts/register", "doctor/probe"].map((name) => ownModule(name).href);
  const imports = hosts.flatMap((url) => ["--import", url]);
  const app = spawn(process.execPath, [...imports, entry, ...args], { stdio: "inherit" });
  app.once("error", (error) => fail(`cannot start ${process.execPath}: ${error.message}`));
  app.once("exit", (code, signal) => {
    if (signal !== null) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}

/** Checks modules, and ends with what that says. */
async function runCheck(args: readonly string[]): Promise<void> {
  let outcome;
  try {
    // The parser is loaded for nothing else.
    const { check } = await import("./check/main.ts");
    outcome = check(args);
  } catch (error) {
    fail((error as Error).message);
  }
  process.stdout.write(outcome.output);
  process.exitCode = outcome.code;
}

function main(): void {
  // It has options of its own.
  if (process.argv[2] === "check") return void runCheck(process.argv.slice(3));
  const options = { help: { type: "boolean", short: "h" }, version: { type: "boolean", short: "v" } } as const;
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    fail((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.version === true) return console.log(version());
  const [command, entry, ...args] = positionals;
  if (values.help === true || command === undefined) return console.log(HELP);
  if (command !== "doctor") fail(`there is no command "${command}"`);
  if (entry === undefined) fail("doctor needs the entry module of the app");
  doctor(entry, args);
}

main();
