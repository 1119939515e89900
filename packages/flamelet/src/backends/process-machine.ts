import type { ChildProcess } from "node:child_process";
import { BootError, type ExitInfo } from "../errors.ts";
import type { Machine, MachineSpec } from "./backend.ts";
import type { CommandLine } from "./process-command.ts";
import { relayLines } from "./process-lines.ts";

/** How long the last output may take to arrive after the exit, in ms: something else may hold the pipes open. */
const LAST_OUTPUT = 200;

/** Starts one runner. Rejects with a `BootError` when the process cannot be made. */
export async function spawnMachine(command: CommandLine, spec: MachineSpec): Promise<ChildMachine> {
  // Another entry may belong to another package, though it runs the same files.
  const sameBuild = command.again ? {} : { FLAME_BUILD_ID: spec.buildId };
  try {
    // Not imported, since it takes a while to load, and only who starts runners needs it.
    const { spawn } = process.getBuiltinModule("node:child_process");
    const child = spawn(command.file, command.args, {
      cwd: command.cwd,
      env: { ...command.env, ...sameBuild, ...spec.env },
      // A process group of its own: it dies as a whole, and a Ctrl-C in the terminal is the parent's to handle.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    return new ChildMachine(spec, child);
  } catch (error) {
    throw spawnFailed(command, error as NodeJS.ErrnoException);
  }
}

/** The codes that say that the host has no more of something right now. */
const EXHAUSTED = ["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"];

function spawnFailed(command: CommandLine, cause: NodeJS.ErrnoException): BootError {
  const failure = EXHAUSTED.includes(cause.code ?? "") ? "transient" : "config";
  return new BootError(`cannot start ${command.file} in ${command.cwd}: ${cause.message}`, { failure, cause });
}

/** The machines that live; they go when this process exits. */
const living = new Set<ChildMachine>();

/** One runner's process, and all that it started. */
export class ChildMachine implements Machine {
  readonly id: string;
  readonly exited: Promise<ExitInfo>;
  readonly #child: ChildProcess;

  constructor(spec: MachineSpec, child: ChildProcess) {
    this.id = spec.name;
    this.#child = child;
    // Whether this process has to stay is for pending calls to say, not for idle runners.
    child.unref();
    const output = Promise.all([
      relayLines(child.stdout, (line) => spec.onOutput(line, "stdout")),
      relayLines(child.stderr, (line) => spec.onOutput(line, "stderr")),
    ]);
    living.add(this);
    if (living.size === 1) process.on("exit", killAll);
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#gone();
        const done = (): void => resolve({ code, signal });
        const patience = setTimeout(done, LAST_OUTPUT);
        void output.then(done).then(() => clearTimeout(patience));
      });
    });
  }

  /** Kills the process and its group, and resolves when it is gone. */
  async destroy(): Promise<void> {
    if (living.has(this)) {
      this.kill();
      // Whoever waits for this is not to be left waiting by a process that thinks it is done.
      this.#child.ref();
    }
    await this.exited;
  }

  kill(): void {
    const pid = this.#child.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  #gone(): void {
    // What it started and left behind in its group goes with it.
    this.kill();
    living.delete(this);
    if (living.size === 0) process.off("exit", killAll);
  }
}

function killAll(): void {
  for (const machine of living) machine.kill();
}
