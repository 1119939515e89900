import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { alive } from "../harness.ts";

const main = fileURLToPath(new URL("../fixtures/emulator.mjs", import.meta.url));

async function started(emulator: ChildProcess): Promise<{ folder: string; pids: number[] }> {
  let folder = "";
  const pids: number[] = [];
  for await (const line of createInterface({ input: emulator.stdout as NonNullable<typeof emulator.stdout> })) {
    if (line.startsWith("folder ")) folder = line.slice(7);
    if (line.startsWith("pid ")) pids.push(Number(line.slice(4)));
    if (pids.length === 2) break;
  }
  return { folder, pids };
}

test(
  "no namespace survives it either",
  { skip: process.getuid?.() !== 0 || !existsSync("/proc/self/ns/net") },
  async (t) => {
    const emulator = spawn(process.execPath, [main], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NETWORK: "namespaces" },
    });
    t.after(() => emulator.kill("SIGKILL"));
    const { folder, pids } = await started(emulator);
    const [pid = 0] = pids;
    const bridge = () => execFileSync("ip", ["-br", "link", "show", "type", "bridge"], { encoding: "utf8" });
    const mine = execFileSync("ip", ["netns", "identify", String(pid)], { encoding: "utf8" }).trim();
    const [name = ""] = mine.split("-");
    assert.match(name, /^ff[0-9a-f]{8}$/);
    assert.ok(bridge().includes(name));
    emulator.kill("SIGKILL");
    while (existsSync(folder)) await setTimeout(10);
    assert.ok(!bridge().includes(name));
    assert.equal(existsSync(`/run/netns/${mine}`), false);
  },
);

/** The processes that were started with that argument. */
function processesWith(argument: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        return Number.isInteger(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(argument);
      } catch {
        return false;
      }
    });
}

test(
  "a guardian that is killed is replaced by one that knows as much",
  { skip: !existsSync("/proc/self/environ") },
  async (t) => {
    const emulator = spawn(process.execPath, [main], { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => emulator.kill("SIGKILL"));
    const { folder, pids } = await started(emulator);
    const [first = 0] = processesWith(folder);
    process.kill(first, "SIGKILL");
    while (processesWith(folder).every((pid) => pid === first)) await setTimeout(10);
    assert.deepEqual(pids.map(alive), [true, true]);
    emulator.kill("SIGKILL");
    while (pids.some(alive) || existsSync(folder)) await setTimeout(10);
  },
);

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const)
  test(`nothing survives the emulator's end by ${signal}`, { skip: !existsSync("/proc/self/environ") }, async (t) => {
    const emulator = spawn(process.execPath, [main], { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => emulator.kill("SIGKILL"));
    const { folder, pids } = await started(emulator);
    assert.deepEqual(pids.map(alive), [true, true]);
    assert.equal(existsSync(folder), true);
    emulator.kill(signal);
    // The guardian works in a process of its own; the test's timeout is the only bound.
    while (pids.some(alive) || existsSync(folder)) await setTimeout(10);
  });
