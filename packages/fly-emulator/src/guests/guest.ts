import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Guardian } from "./guardian.ts";
import { eachLine } from "./lines.ts";
import { MARK, marked, send, sweep } from "./sweep.ts";

/** What runs inside a machine. */
export interface GuestSpec {
  /** `<emulator>/<machine>/<boot>/`: no mark is the beginning of another. */
  readonly mark: string;
  /** Never empty. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly log: (stream: "stdout" | "stderr", line: string) => void;
}

/** How it ended; `error` when it could not even be started. */
export interface GuestExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error: string | null;
}

/** The processes of one machine: a process group, and all that came out of it. */
export interface RunningGuest {
  readonly pid: number;
  /** Resolves when the main process has ended and all others of the machine are killed, as when a VM goes off. */
  readonly exited: Promise<GuestExit>;
  /** Sends a signal to the main process, as Fly's init does. */
  signal(name: NodeJS.Signals): void;
  /** Ends all of it at once. */
  kill(): void;
  /** Stops all of it where it stands. */
  freeze(): void;
  thaw(): void;
}

/** Starts it. A command that cannot be started is an exit with an `error`, not a throw. */
export function startGuest(spec: GuestSpec, guardian: Guardian): RunningGuest {
  const [file = "", ...args] = spec.command;
  const child = spawn(file, args, {
    cwd: spec.cwd,
    env: { ...spec.env, [MARK]: spec.mark },
    // A group of its own, of which nothing is left at the end.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) return notStarted(child);
  guardian.watchGroup(pid);
  eachLine(child.stdout, (line) => spec.log("stdout", line));
  eachLine(child.stderr, (line) => spec.log("stderr", line));
  const exited = once(child, "exit").then(async ([code, signal]: unknown[]): Promise<GuestExit> => {
    send(-pid, "SIGKILL");
    await sweep(spec.mark);
    guardian.forgetGroup(pid);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, error: null };
  });
  const everyone = (signal: NodeJS.Signals): void => {
    send(-pid, signal);
    for (const stray of marked(spec.mark)) send(stray, signal);
  };
  return {
    pid,
    exited,
    signal: (name) => void child.kill(name),
    // What has left the group is killed when the main process has ended.
    kill: () => send(-pid, "SIGKILL"),
    freeze: () => everyone("SIGSTOP"),
    thaw: () => everyone("SIGCONT"),
  };
}

function notStarted(child: ChildProcess): RunningGuest {
  const nothing = (): void => {};
  const exited = once(child, "error").then(([error]: unknown[]) => {
    return { code: 127, signal: null, error: (error as Error).message };
  });
  return { pid: 0, exited, signal: nothing, kill: nothing, freeze: nothing, thaw: nothing };
}
