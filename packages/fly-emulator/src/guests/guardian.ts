import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/**
 * A process of its own that undoes everything when this one ends, also by `kill -9`: it kills the machines' process groups
 * and every process that carries the emulator's mark, runs the commands that it was given, and removes the folder.
 */
export class Guardian {
  readonly #emulator: string;
  readonly #folder: string;
  readonly #told = new Map<string, string>();
  #child: ChildProcess;
  #closing = false;

  constructor(emulator: string, folder: string) {
    this.#emulator = emulator;
    this.#folder = folder;
    this.#child = this.#spawn();
  }

  watchGroup(pid: number): void {
    this.#tell(`group ${pid}`, ["group", String(pid)]);
  }

  forgetGroup(pid: number): void {
    this.#told.delete(`group ${pid}`);
    this.#write(["gone", String(pid)]);
  }

  /** Has a command run at the end, unless `undone` is called before with the same key. */
  undoLater(key: string, command: readonly string[]): void {
    this.#tell(`undo ${key}`, ["undo", key, ...command]);
  }

  undone(key: string): void {
    this.#told.delete(`undo ${key}`);
    this.#write(["undone", key]);
  }

  /** Has everything undone now, and resolves when it is. */
  async close(): Promise<void> {
    this.#closing = true;
    const exited = this.#child.exitCode === null && this.#child.signalCode === null ? once(this.#child, "exit") : null;
    this.#child.ref();
    this.#child.stdin?.end();
    await exited;
  }

  #tell(key: string, line: readonly string[]): void {
    this.#told.set(key, JSON.stringify(line));
    this.#write(line);
  }

  #write(line: readonly string[]): void {
    this.#child.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  #spawn(): ChildProcess {
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const main = fileURLToPath(new URL(`./guardian-main.${extension}`, import.meta.url));
    const child = spawn(process.execPath, [main, this.#emulator, this.#folder], {
      // A session of its own: what is sent to the terminal's group, such as ^C, must not end it before its work.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: process.env["PATH"] },
    });
    child.stdin?.on("error", () => {});
    child.once("exit", () => {
      if (this.#closing) return;
      this.#child = this.#spawn();
      for (const line of this.#told.values()) this.#child.stdin?.write(`${line}\n`);
    });
    child.unref();
    (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    return child;
  }
}
