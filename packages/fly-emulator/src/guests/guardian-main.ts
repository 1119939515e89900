import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { send, sweep } from "./sweep.ts";

// The guardian outlives the emulator by a moment. It is told of every process group and of whatever else has to be undone;
// the end of its input is the end of the emulator, however that came about, and then it undoes all of it.

const [emulator = "", folder = ""] = process.argv.slice(2);
const groups = new Set<number>();
const undo = new Map<string, string[]>();

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  const [verb, key = "", ...rest] = JSON.parse(line) as [string, string, ...string[]];
  if (verb === "group") groups.add(Number(key));
  else if (verb === "gone") groups.delete(Number(key));
  else if (verb === "undo") undo.set(key, rest);
  else if (verb === "undone") undo.delete(key);
});
input.on("close", async () => {
  for (const group of groups) send(-group, "SIGKILL");
  await sweep(`${emulator}/`);
  for (const [command = "", ...args] of [...undo.values()].reverse()) {
    try {
      execFileSync(command, args, { stdio: "ignore" });
    } catch {
      // It was undone already, or cannot be.
    }
  }
  // An emulator that lives on for a moment may still write there.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
