import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { MachineSpec } from "../../src/backends/backend.ts";
import { encodeParentEnv, type ParentEnv } from "../../src/child/parent-env.ts";
import { buildId } from "../../src/build-id.ts";

export const preload: string = new URL("../../src/child/preload.ts", import.meta.url).href;

export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

/** What a parent would tell a runner; the build is what a runner from this package takes itself for. */
export function parentEnv(change: Partial<ParentEnv> = {}): ParentEnv {
  return {
    address: { path: "/nonexistent/parent.sock" },
    runnerId: `test-${randomBytes(4).toString("hex")}`,
    epoch: 1,
    secret: randomBytes(32).toString("base64url"),
    buildId: buildId(),
    pool: "test",
    backend: "process",
    lease: 15_000,
    depth: 1,
    ownsGroup: true,
    ...change,
  };
}

export function machineSpec(env: ParentEnv, change: Partial<MachineSpec> = {}): MachineSpec {
  return {
    name: env.runnerId,
    pool: env.pool,
    parentId: "parent",
    buildId: env.buildId,
    epoch: env.epoch,
    env: { FLAME_PARENT: encodeParentEnv(env) },
    onOutput() {},
    ...change,
  };
}

/** A process that a test started, what it wrote, and how it ended. */
export class Started {
  readonly child: ChildProcess;
  readonly exit: Promise<{ code: number | null; signal: string | null }>;
  stdout = "";
  stderr = "";
  #changed = (): void => {};

  constructor(args: readonly string[], env: Record<string, string> = {}, file: string = process.execPath) {
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
    this.child = spawn(file, args, { detached: true, env: { ...inherited, ...env } });
    this.child.stdout?.on("data", (bytes) => ((this.stdout += bytes), this.#changed()));
    this.child.stderr?.on("data", (bytes) => ((this.stderr += bytes), this.#changed()));
    this.exit = new Promise((resolve) => this.child.once("close", (code, signal) => resolve({ code, signal })));
  }

  /** Waits for a match in what it wrote to stdout. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      const more = new Promise<"more">((resolve) => (this.#changed = () => resolve("more")));
      if ((await Promise.race([more, this.exit])) !== "more" && !pattern.test(this.stdout))
        throw new Error(`ended without saying ${pattern}; stderr: ${this.stderr}`);
    }
  }

  /** Ends it with its group, whatever became of it. */
  [Symbol.dispose](): void {
    try {
      process.kill(-this.child.pid!, "SIGKILL");
    } catch {
      // Gone already.
    }
  }
}

/** Starts a runner by hand, as a backend would. */
export function startRunner(
  env: ParentEnv,
  entry: string,
  options: readonly string[] = [],
  more: Record<string, string> = {},
): Started {
  return new Started(["--import", preload, ...options, fixture(entry)], {
    FLAME_PARENT: encodeParentEnv(env),
    ...more,
  });
}

/** Whether a process lives. One that only waits to be reaped does not. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Waits until a process is gone. */
export async function gone(pid: number): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (lives(pid) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  if (lives(pid)) throw new Error(`process ${pid} still lives`);
}
