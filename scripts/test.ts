/**
 * All checks of the repository, one after the other, each to its end: what fails early does not hide what fails late.
 * What failed is told again at the very end, since the output of a whole run is long and its middle is easily lost.
 */
import { spawn } from "node:child_process";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";

interface Step {
  readonly name: string;
  /** Arguments of npm. */
  readonly command: readonly string[];
}

interface Outcome {
  readonly name: string;
  readonly seconds: number;
  /** What to repeat at the end, and undefined if all was well. */
  readonly failure: string | undefined;
}

/** Lines that are repeated of a step that failed and has no list of failures of its own. */
const TAIL = 60;

/** A step that says nothing for so long, in ms, hangs: a test file that keeps its process alive has no limit of Node's. */
const SILENCE = 300_000;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

const root = join(import.meta.dirname, "..");

async function steps(): Promise<Step[]> {
  const all = ["lint", "build", "typecheck"].map((name) => ({ name, command: ["run", name] }));
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { workspaces: string[] };
  for (const pattern of manifest.workspaces) {
    const files = await Array.fromAsync(glob(`${pattern}/package.json`, { cwd: root }));
    for (const file of files.toSorted()) {
      const { scripts } = JSON.parse(await readFile(join(root, file), "utf8")) as { scripts?: { test?: string } };
      const name = file.slice(0, -"/package.json".length);
      if (scripts?.test) all.push({ name, command: ["test", "--workspace", name] });
    }
  }
  return all;
}

/** The list of failures that Node's test runner ends with, or else the last lines. */
function failureOf(output: string): string {
  const list = output.lastIndexOf("✖ failing tests:");
  if (list >= 0) return output.slice(list);
  return output.trimEnd().split("\n").slice(-TAIL).join("\n");
}

async function run({ name, command }: Step): Promise<Outcome> {
  const start = performance.now();
  // In a group of its own, so that it can be ended with all that it started.
  const child = spawn("npm", command, { cwd: root, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const stop = (signal: NodeJS.Signals): void => void process.kill(-(child.pid as number), signal);
  for (const signal of SIGNALS) process.on(signal, stop);
  let output = "";
  let hangs = false;
  const patience = setTimeout(() => {
    // First it is asked, so that it can say what it was at; if it says nothing for as long again, it is killed.
    stop(hangs ? "SIGKILL" : "SIGINT");
    hangs = true;
    patience.refresh();
  }, SILENCE);
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      to.write(text);
      patience.refresh();
    });
  }
  const ended = await new Promise<string | number>((settle, fail) => {
    child.once("error", fail).once("close", (code, signal) => settle(code ?? signal ?? "unknown"));
  });
  clearTimeout(patience);
  for (const signal of SIGNALS) process.off(signal, stop);
  const how = hangs ? `said nothing for ${SILENCE / 60_000} min` : `ended with ${ended}`;
  const seconds = Math.round((performance.now() - start) / 1000);
  return { name, seconds, failure: ended === 0 ? undefined : `${failureOf(output)}\n(${how})` };
}

let interrupted = false;
for (const signal of SIGNALS) process.on(signal, () => (interrupted = true));
const outcomes: Outcome[] = [];
for (const step of await steps()) {
  const outcome = await run(step);
  outcomes.push(outcome);
  if (interrupted) break;
  // All tests would fail for this one reason.
  if (step.name === "build" && outcome.failure !== undefined) break;
}

const failures = outcomes.filter(({ failure }) => failure !== undefined);
for (const { name, failure } of failures) console.log(`\n──── what failed in ${name} ────\n${failure}`);
console.log("\nall checks:");
for (const { name, seconds, failure } of outcomes)
  console.log(`  ${failure === undefined ? "✔" : "✖"} ${name} (${seconds} s)`);
if (failures.length > 0) process.exitCode = 1;
