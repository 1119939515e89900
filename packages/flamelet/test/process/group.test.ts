import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const group = new URL("../../src/child/group.ts", import.meta.url).href;

function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

for (const [way, code, how] of [
  ["process.exit", 3, "process.exit(3)"],
  ["an uncaught error", 1, 'throw new Error("expected")'],
  ["the end of its work", 0, "child.unref()"],
] as const) {
  test(`a group leader that ends by ${way} takes its group with it, and keeps its exit code`, async () => {
    const script = `
      import { spawn } from "node:child_process";
      import { killGroup } from ${JSON.stringify(group)};
      process.on("exit", killGroup);
      const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
      console.log(child.pid);
      process.stdin.resume().on("end", () => { ${how} });`;
    const args = ["--input-type=module", "-e", script];
    const leader = spawn(process.execPath, args, { detached: true, stdio: ["pipe", "pipe", "ignore"] });
    const [line] = (await once(leader.stdout, "data")) as [Buffer];
    const child = Number(String(line));
    assert.equal(alive(child), true);
    leader.stdin.end();
    assert.deepEqual(await once(leader, "exit"), [code, null]);
    while (alive(child)) await new Promise((resolve) => setTimeout(resolve, 10));
  });
}
