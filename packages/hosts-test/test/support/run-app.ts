import assert from "node:assert/strict";
import { execFile } from "node:child_process";

/** What the app of `fixtures/app` prints. */
export interface Report {
  readonly probe: Record<string, unknown>;
  readonly fails: { readonly name: string; readonly stack: string };
  readonly late: Record<string, unknown>;
  readonly lateNamed: number;
}

export interface Command {
  /** Default: the Node that runs the tests. */
  readonly file?: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take, in ms. Default: as long as a test may. */
  readonly timeout?: number;
}

/** As long as a test may take, in ms (`--test-timeout` in package.json): no program goes on after its test. */
const LONGEST = 120_000;

/** Runs a program to its end, and gives what it wrote on stdout. Fails, with all that it wrote, if it failed. */
export function output({ file = process.execPath, args, cwd, env = {}, timeout = LONGEST }: Command): Promise<string> {
  // An app is not told that a test started it.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    execFile(file, args, { cwd, env: { ...inherited, ...env }, timeout }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${[file, ...args].join(" ")} failed: ${error.message}\n${stdout}\n${stderr}`));
    });
  });
}

/** Runs the app, and gives what it reports. */
export async function runApp(command: Command): Promise<Report> {
  const stdout = await output(command);
  const line = stdout.trimEnd().split("\n").at(-1) ?? "";
  assert.match(line, /^\{/, `the app reported nothing, and wrote: ${stdout}`);
  return JSON.parse(line) as Report;
}

/**
 * What holds whatever builds and runs the app.
 *
 * @param original Whether the lines in a stack are those of the sources.
 */
export function assertWorks({ probe, fails, late, lateNamed }: Report, original = true): void {
  assert.deepEqual(probe, {
    greeting: "hello youhello you",
    isRunner: true,
    pool: "hosts",
    moduleState: "module",
    elsewhere: true,
  });
  assert.equal(fails.name, "RangeError");
  if (original) assert.match(fails.stack, /\/main\.ts:27:\d+/, "the stack shows the original file and line");
  assert.deepEqual(late, { text: "argument", isRunner: true, deeper: "argument on a runner" });
  assert.equal(lateNamed, 21);
}
