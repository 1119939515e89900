/** What becomes of runners when their parent ends, in the ways in which parents end. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { afterEach, test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("./fixtures/parent.ts", import.meta.url));

interface Line {
  [key: string]: unknown;
}

/** A running parent, and what it says. */
class Parent {
  readonly process: ChildProcess;
  readonly lines: Line[] = [];
  readonly #changed = new Set<() => void>();
  readonly exit: Promise<[number | null, string | null]>;

  constructor() {
    this.process = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    this.exit = once(this.process, "exit") as Promise<[number | null, string | null]>;
    createInterface({ input: this.process.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      this.lines.push(JSON.parse(line) as Line);
      for (const wake of this.#changed) wake();
    });
  }

  /** The first line that has this key. */
  async said(key: string): Promise<Line> {
    for (;;) {
      const line = this.lines.find((one) => key in one);
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => this.#changed.add(resolve));
    }
  }
}

const parents: Parent[] = [];
afterEach(() => {
  for (const { process: parent } of parents.splice(0)) {
    if (parent.exitCode === null && parent.signalCode === null) parent.kill("SIGKILL");
  }
});

async function start(): Promise<{ parent: Parent; runner: number; grandchild: number }> {
  const parent = new Parent();
  parents.push(parent);
  const { runner, grandchild } = (await parent.said("pid")) as unknown as { runner: number; grandchild: number };
  return { parent, runner, grandchild };
}

/** A process that has ended but was not waited for, because its parent is stopped, is not alive. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** How long a runner may outlive its parent, in ms: its lease, and what it takes to notice. */
const LEASE_AND_MORE = 20_000;

/** Resolves when the process is gone, which is to be within the lease from now on. */
async function gone(pid: number): Promise<void> {
  const deadline = performance.now() + LEASE_AND_MORE;
  while (alive(pid)) {
    assert.ok(performance.now() < deadline, `process ${pid} outlived its parent by more than its lease`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("kill -9 of the parent: its runner and what that started are gone within the lease", async () => {
  const { parent, runner, grandchild } = await start();
  parent.process.kill("SIGKILL");
  await parent.exit;
  await gone(runner);
  await gone(grandchild);
});

test("SIGSTOP of the parent, for longer than the lease: the same", async () => {
  const { parent, runner, grandchild } = await start();
  parent.process.kill("SIGSTOP");
  await gone(runner);
  await gone(grandchild);
  parent.process.kill("SIGCONT");
  assert.deepEqual(await parent.said("running"), { running: "ERR_FLAME_RUNNER_LOST", outcome: "unknown" });
});

test("a parent that sleeps for less than the lease loses nothing", async () => {
  const { parent, runner } = await start();
  parent.process.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 7_000));
  assert.equal(alive(runner), true);
  parent.process.kill("SIGCONT");
  parent.process.kill("SIGUSR2");
  assert.deepEqual(await parent.said("running"), { running: "done", serviceUp: true });
});

test("SIGTERM: queued work is refused as not started, running work ends with the app's services up, then the app hears it", async () => {
  const { parent, runner } = await start();
  parent.process.kill("SIGTERM");
  assert.deepEqual(await parent.said("queued"), { queued: "ERR_FLAME_POOL_CLOSED", outcome: "not-started" });
  assert.equal(alive(runner), true);
  parent.process.kill("SIGUSR2");
  assert.deepEqual(await parent.said("running"), { running: "done", serviceUp: true });
  assert.deepEqual(await parent.said("second"), { second: "done", serviceUp: true });
  assert.deepEqual(await parent.said("signal"), { signal: "SIGTERM", runners: 0 });
  assert.deepEqual(await parent.exit, [0, null]);
  assert.equal(alive(runner), false);
});

test("SIGTERM: work that does not end within shutdownTimeout is lost, and the app hears the signal all the same", async () => {
  const { parent, runner } = await start();
  parent.process.kill("SIGTERM");
  assert.deepEqual(await parent.said("running"), { running: "ERR_FLAME_RUNNER_LOST", outcome: "unknown" });
  assert.deepEqual(await parent.exit, [0, null]);
  await gone(runner);
});
