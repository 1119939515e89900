import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { MARK, send, sweep } from "./sweep.ts";

export interface ExecSpec {
  readonly mark: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdin: string;
  /** ms. */
  readonly timeout: number;
}

export interface ExecResult {
  readonly exit_code: number;
  readonly exit_signal: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** More than this of either stream is cut off. */
const MOST_OUTPUT = 1024 * 1024;

/** Runs one command to its end, and gives what it said. A command that cannot be started is exit code 127, as in a shell. */
export async function execute(spec: ExecSpec): Promise<ExecResult> {
  const [file = "", ...args] = spec.command;
  const child = spawn(file, args, {
    cwd: spec.cwd,
    env: { ...spec.env, [MARK]: spec.mark },
    detached: true,
    stdio: "pipe",
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] = (output[name] + text).slice(0, MOST_OUTPUT);
    });
  child.stdin.on("error", () => {}).end(spec.stdin);
  if (child.pid === undefined) {
    const [error] = (await once(child, "error")) as [Error];
    return { exit_code: 127, exit_signal: 0, stdout: "", stderr: `${error.message}\n` };
  }
  const group = child.pid;
  const timer = setTimeout(() => send(-group, "SIGKILL"), spec.timeout);
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  await sweep(spec.mark);
  const number = signal === null ? 0 : constants.signals[signal];
  return { exit_code: code ?? 128 + number, exit_signal: number, ...output };
}

/** Splits a command line into words as a shell would, without running one: quotes and backslashes, nothing else. */
export function words(line: string): string[] {
  return [...line.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs)].map(([word]) =>
    word.replace(
      /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
      (_all, single?: string, double?: string, escaped?: string) =>
        single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? "",
    ),
  );
}
