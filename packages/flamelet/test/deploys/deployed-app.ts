/** Folders with one release of an app each, and running parents of them, as a deploy makes them. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const library = fileURLToPath(new URL("../../", import.meta.url));

/** One release: what its package says, and what the closure that it runs on runners gives. */
export interface Release {
  readonly version: string;
  readonly answer: string;
}

/** Answers each line `name` with what a call gave, as soon as a file of that name lies in the folder. */
const app = ({ answer }: Release): string => `
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createInterface } from "node:readline";
import { flame } from "flamelet";

const pool = flame.pool("work", { max: 2, maxConcurrency: 1, shutdownTimeout: 30_000, idleShutdownAfter: 60_000, bootTimeout: 30_000 });
const say = (line: object): void => console.log(JSON.stringify(line));

function work(name: string) {
  return flame.call(pool.with({ timeout: 60_000 }), async () => {
    while (!existsSync(name)) await sleep(20);
    return { answer: ${JSON.stringify(answer)}, runner: process.pid };
  });
}

if (!flame.isRunner) {
  createInterface({ input: process.stdin }).on("line", (name) => {
    say({ asked: name });
    work(name).then(
      (result) => say({ name, ...result }),
      ({ code, outcome, message, cause }) => say({ name, code, outcome, message, cause: cause?.code }),
    );
  });
  pool.on("ready", () => say({ stats: pool.stats() }));
  pool.on("bootFailed", ({ error }) => say({ bootFailed: error.cause?.code }));
  say({ up: process.pid });
}
`;

/** What a parent says of a call. */
export interface Told {
  readonly answer?: string;
  readonly runner?: number;
  readonly code?: string;
  readonly outcome?: string;
  readonly message?: string;
  readonly cause?: string;
}

export class Deployment implements Disposable {
  readonly folder: string = realpathSync(mkdtempSync(join(tmpdir(), "flamelet-deploy-")));
  readonly #parents: DeployedParent[] = [];

  constructor(release: Release) {
    mkdirSync(join(this.folder, "node_modules"));
    symlinkSync(library, join(this.folder, "node_modules/flamelet"));
    this.put(release);
  }

  /** Replaces the app's files, and touches nothing that runs. */
  put(release: Release): void {
    const { version } = release;
    writeFileSync(join(this.folder, "package.json"), JSON.stringify({ name: "shop", version, type: "module" }));
    writeFileSync(join(this.folder, "app.ts"), app(release));
  }

  async start(): Promise<DeployedParent> {
    const parent = new DeployedParent(this.folder);
    this.#parents.push(parent);
    await parent.line((line) => "up" in line);
    return parent;
  }

  /** Lets the work of that name end, wherever it runs. */
  release(name: string): void {
    writeFileSync(join(this.folder, name), "");
  }

  [Symbol.dispose](): void {
    for (const { child } of this.#parents) if (child.exitCode === null) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class DeployedParent {
  readonly child: ChildProcess;
  readonly exit: Promise<[number | null, string | null]>;
  readonly #lines: Record<string, unknown>[] = [];
  #changed = (): void => {};

  constructor(cwd: string) {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = ["--import", "flamelet/register", "app.ts"];
    this.child = spawn(process.execPath, args, { cwd, env, stdio: ["pipe", "pipe", "inherit"] });
    this.exit = once(this.child, "exit") as Promise<[number | null, string | null]>;
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      this.#lines.push(JSON.parse(line) as Record<string, unknown>);
      this.#changed();
    });
  }

  /** The first line that is looked for; the test's own timeout ends a wait in vain. */
  async line(is: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.#lines.find(is);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  /** Makes a call. Resolves when it was asked for. */
  async ask(name: string): Promise<void> {
    this.child.stdin?.write(`${name}\n`);
    await this.line((line) => line["asked"] === name);
  }

  /** How the call of that name went. */
  async told(name: string): Promise<Told> {
    return (await this.line((line) => line["name"] === name)) as Told;
  }

  /** Resolves when so many runners have become ready. */
  async ready(count: number): Promise<void> {
    await this.line(({ stats }) => (stats as { runners: number } | undefined)?.runners === count);
  }
}
