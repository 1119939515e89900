import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { OptionError } from "../errors.ts";
import type { Backend, Machine, MachineListing, MachineSpec } from "./backend.ts";
import { type CommandOptions, commandLine } from "./process-command.ts";
import { ChildMachine, spawnMachine } from "./process-machine.ts";

export interface ProcessOptions {
  /**
   * The module that is the app: a path, or a `file:` URL such as `new URL("./app.ts", import.meta.url)`. Needed only where
   * this process was not started with it, as under a test runner. Default: what this process was started with.
   */
  readonly entry?: string | URL;
  /** The arguments of the app. Default: those of this process, or none when `entry` is given. */
  readonly args?: readonly string[];
  /** Node's own options, such as `["--import", "flamelet/register"]`. Default: those of this process that make sense twice. */
  readonly execArgv?: readonly string[];
  /** Added to the environment of this process, which the runners get. */
  readonly env?: Readonly<Record<string, string>>;
  /** The working directory. Default: that of this process, at the time of the boot. */
  readonly cwd?: string;
}

/**
 * Runners are processes on this host: this process' own command line again, each in a process group of its own.
 * Throws an `OptionError` when an option cannot be; that this process cannot be started again (a test runner, a REPL) and
 * no `entry` says what to start instead is a `BootError` of the first boot, since a pool may never need one.
 */
export function processBackend(options: ProcessOptions = {}): Backend {
  return new ProcessBackend(checked(options));
}

class ProcessBackend implements Backend {
  readonly name = "process";
  readonly network = { kind: "unix" } as const;
  readonly #options: CommandOptions;
  readonly #machines = new Map<string, Promise<ChildMachine>>();
  readonly #listing = new Map<string, MachineListing>();

  constructor(options: CommandOptions) {
    this.#options = options;
  }

  async provision(spec: MachineSpec, signal: AbortSignal): Promise<Machine> {
    signal.throwIfAborted();
    let starting = this.#machines.get(spec.name);
    if (starting === undefined) {
      starting = spawnMachine(commandLine(this.#options), spec);
      this.#machines.set(spec.name, starting);
      starting.then(
        (machine) => this.#follow(machine, spec),
        () => this.#machines.delete(spec.name),
      );
    }
    const machine = await starting;
    if (signal.aborted) {
      await machine.destroy();
      signal.throwIfAborted();
    }
    return machine;
  }

  async destroy({ id }: Pick<Machine, "id">): Promise<void> {
    const machine = await this.#machines.get(id)?.catch(() => undefined);
    await machine?.destroy();
  }

  /**
   * The runners that this parent made. Those of other parents are not looked for: a runner whose parent is gone ends by
   * itself when its lease does, so a host has nothing to reap.
   */
  async list(): Promise<readonly MachineListing[]> {
    return [...this.#listing.values()];
  }

  #follow(machine: ChildMachine, { name, pool, parentId, buildId, epoch }: MachineSpec): void {
    this.#listing.set(name, { id: machine.id, name, pool, parentId, buildId, epoch });
    void machine.exited.then(() => {
      this.#listing.delete(name);
      this.#machines.delete(name);
    });
  }
}

const KNOWN = ["entry", "args", "execArgv", "env", "cwd"];

function checked(options: ProcessOptions): CommandOptions {
  for (const name of Object.keys(options))
    if (!KNOWN.includes(name))
      throw new OptionError(`the process backend has no option "${name}"; it has ${KNOWN.join(", ")}`);
  const { entry, args, execArgv, env, cwd } = options;
  strings("args", args);
  strings("execArgv", execArgv);
  if (env !== undefined) strings("env", Object.values(env));
  if (cwd !== undefined && (typeof cwd !== "string" || !existsSync(cwd)))
    throw new OptionError(`option cwd of the process backend must be a directory that exists, and is ${String(cwd)}`);
  return { ...options, entry: entry === undefined ? null : entryPath(entry) };
}

function entryPath(entry: string | URL): string {
  const isFile = typeof entry === "string" || (entry instanceof URL && entry.protocol === "file:");
  const path = isFile ? (typeof entry === "string" && !entry.startsWith("file:") ? entry : fileURLToPath(entry)) : "";
  if (path === "" || !existsSync(path))
    throw new OptionError(
      `option entry of the process backend must be a path or file: URL of a module that exists, and is ${String(entry)}`,
    );
  return path;
}

function strings(name: string, value: readonly unknown[] | undefined): void {
  if (value === undefined || (Array.isArray(value) && value.every((item) => typeof item === "string"))) return;
  throw new OptionError(`option ${name} of the process backend must hold strings only`);
}
