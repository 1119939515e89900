import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { check, type Verdict } from "./check.ts";
import { readJournal, valuesIn } from "./journal.ts";

const APP = fileURLToPath(new URL("./parent.ts", import.meta.url));
/** Longer than a runner's lease, which is 15 s. */
const LEASE_AND_MORE = 17_000;

export interface ChaosOptions {
  /** How long each parent works before something is done to it, in ms. */
  readonly each: number;
  /** It works on until it has had each kind of accident, and so many calls gave their value. Default 1. */
  readonly values?: number;
  /** What becomes of the parents, one after the other. The last one always ends in an orderly way. */
  readonly ends: readonly ParentEnd[];
  readonly say: (text: string) => void;
}

export type ParentEnd = "SIGTERM" | "SIGKILL" | "pause" | "orderly";

export interface ChaosResult extends Verdict {
  /** How many times each thing was done. */
  readonly faults: Readonly<Record<string, number>>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs real parents under load while their runners, and in the end they themselves, have accidents; then judges. */
export async function chaos({ each, values = 1, ends, say }: ChaosOptions): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), "flamelet-chaos-"));
  const faults: Record<string, number> = {};
  const survivors: number[] = [];
  const leftovers: string[] = [];
  try {
    for (const [round, end] of [...ends, "orderly" as const].entries()) {
      // A folder for temporary files of its own, so that what is left in it was left by this parent.
      const temporary = join(folder, `tmp-${round}`);
      mkdirSync(temporary);
      const env = {
        ...process.env,
        CHAOS_JOURNAL: folder,
        TMPDIR: temporary,
        // It is meant to stay.
        NODE_COMPILE_CACHE: join(folder, "compiled"),
        NODE_TEST_CONTEXT: undefined,
      };
      const parent = spawn(process.execPath, [APP], { env, stdio: "ignore" });
      const over = once(parent, "exit");
      const pid = parent.pid as number;
      say(`parent ${pid} works for ${each} ms, then: ${end}`);
      const met = new Set<string>();
      const given = valuesIn(folder);
      await harass(
        parent,
        (fault) => {
          met.add(fault);
          faults[fault] = (faults[fault] ?? 0) + 1;
        },
        () => valuesIn(folder) - given,
        (ms, now) => ms >= each && met.size === ACCIDENTS && now >= values,
      );
      const family = descendants(pid);
      await finish(parent, over, end);
      if (end === "orderly" || end === "pause") survivors.push(pid);
      faults[`parent ${end}`] = (faults[`parent ${end}`] ?? 0) + 1;
      // A runner may outlive its parent by its lease, and not by more.
      const deadline = Date.now() + LEASE_AND_MORE;
      while (alive(family).length > 0 && Date.now() < deadline) await sleep(50);
      for (const left of alive(family))
        leftovers.push(`process ${left} outlived parent ${pid} (${end}) by more than its lease`);
      // A parent that was killed cannot remove its socket; one that ended by itself must.
      if (end !== "SIGKILL") {
        for (const left of readdirSync(temporary)) leftovers.push(`${left} was left behind (${end})`);
      }
    }
    const verdict = check(readJournal(folder), survivors);
    return { ...verdict, violations: [...verdict.violations, ...leftovers], faults };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How many kinds of accidents runners have. */
const ACCIDENTS = 2;

/**
 * Does things to the runners of a parent until, after so many ms and so many calls that gave their value, that is enough.
 *
 * Between two accidents there is a call that gives its value. Accidents that only heeded the time would, on a slow machine,
 * end every runner before it is ready, for ever.
 */
async function harass(
  parent: ChildProcess,
  note: (fault: "kill -9" | "SIGSTOP") => void,
  values: () => number,
  enough: (ms: number, values: number) => boolean,
): Promise<void> {
  const started = Date.now();
  const stopped = new Set<number>();
  for (let [before, now] = [-1, 0]; !enough(Date.now() - started, now); now = values()) {
    await sleep(200 + Math.random() * 500);
    if (now === before) continue;
    const runners = children(parent.pid as number);
    const victim = runners[Math.floor(Math.random() * runners.length)];
    if (victim === undefined) continue;
    before = now;
    if (Math.random() < 0.5) {
      kill(victim, "SIGKILL");
      note("kill -9");
    } else {
      kill(victim, "SIGSTOP");
      note("SIGSTOP");
      stopped.add(victim);
      // Some come back in time, and some only after they were given up.
      void sleep(Math.random() < 0.5 ? 1_000 : 7_000).then(() => stopped.delete(victim) && kill(victim, "SIGCONT"));
    }
  }
  // None that is stopped can end with its lease, and one that was, early in its boot, has all of its lease before it.
  for (const victim of stopped) kill(victim, "SIGCONT");
  stopped.clear();
}

async function finish(parent: ChildProcess, over: Promise<unknown>, end: ParentEnd): Promise<void> {
  if (end === "pause") {
    parent.kill("SIGSTOP");
    await sleep(LEASE_AND_MORE);
    parent.kill("SIGCONT");
  }
  parent.kill(end === "orderly" || end === "pause" ? "SIGUSR2" : end);
  await over;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
}

/** Pid, state and parent of every process. */
function processes(): { pid: number; state: string; parent: number }[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8")) as RegExpExecArray;
      return [{ pid: Number(name), state: state as string, parent: Number(parent) }];
    } catch {
      return [];
    }
  });
}

function children(pid: number): number[] {
  return processes()
    .filter(({ parent, state }) => parent === pid && state !== "Z")
    .map((one) => one.pid);
}

function descendants(pid: number): number[] {
  return children(pid).flatMap((child) => [child, ...descendants(child)]);
}

function alive(pids: readonly number[]): number[] {
  const living = new Set(processes().flatMap(({ pid, state }) => (state === "Z" ? [] : [pid])));
  return pids.filter((pid) => living.has(pid));
}
