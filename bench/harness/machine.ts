import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, version } from "node:os";
import { toolVersions } from "./tools.ts";

/** Where and with what something was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly os: string;
  readonly node: string;
  /** Of flamelet, of the peers, and of what these need. */
  readonly versions: Readonly<Record<string, string>>;
  /** The commit that was measured, with a plus sign when the tree had changes; null outside of a clone. */
  readonly commit: string | null;
  /** How many processes were running or wanted to, on average, in the minute before. */
  readonly load: number;
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${release()} (${version()})`,
    node: process.version,
    versions: { ...versions(), ...toolVersions() },
    commit: commit(),
    load: loadNow(),
  };
}

/** The core that pinned measurements share: the last one, as interrupts tend to be served by the first. Null without `taskset`. */
export function pinnedCore(): number | null {
  if (process.platform !== "linux") return null;
  const core = availableParallelism() - 1;
  try {
    execFileSync("taskset", ["-c", String(core), "true"], { stdio: "ignore" });
    return core;
  } catch {
    return null;
  }
}

function loadNow(): number {
  try {
    return Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]);
  } catch {
    return NaN;
  }
}

function versions(): Record<string, string> {
  const manifest = new URL("../package.json", import.meta.url);
  const { devDependencies } = JSON.parse(readFileSync(manifest, "utf8")) as { devDependencies: Record<string, string> };
  const names = Object.keys(devDependencies).filter((name) => !name.startsWith("@types/"));
  return Object.fromEntries(names.map((name) => [name, installed(name)]));
}

function installed(name: string): string {
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

function commit(): string | null {
  const git = (...args: string[]): string =>
    execFileSync("git", args, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    return (
      git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+")
    );
  } catch {
    return null;
  }
}
