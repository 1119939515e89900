/**
 * `npm run profile -w bench -- <case> <contender>`: measures one contender once under Node's CPU profiler, and prints where
 * the time went, for each process that ended by itself.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfTimes } from "./harness/self-times.ts";

const [name = "", contender = ""] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "bench-profile-"));
const measure = join(import.meta.dirname, "harness/measure.ts");
const { status } = spawnSync(process.execPath, [measure, name, contender], {
  stdio: "inherit",
  env: { ...process.env, NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` },
});
process.exitCode = status ?? 1;
for (const file of readdirSync(folder).toSorted()) {
  console.log(`\n${file}`);
  console.log(selfTimes(JSON.parse(readFileSync(join(folder, file), "utf8"))).join("\n"));
}
rmSync(folder, { recursive: true });
