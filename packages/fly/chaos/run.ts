import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Emulator, noTimes, startEmulator } from "@flamelet/fly-emulator";
import { fly, FlyApi } from "@flamelet/fly";
import { check, type Verdict } from "../../flamelet/chaos/check.ts";
import { readJournal, valuesIn } from "../../flamelet/chaos/journal.ts";

const IMAGE = "registry.fly.io/chaos:1";
const PARENTS = "chaos-parents";
const RUNNERS = "chaos";
const entry = fileURLToPath(new URL("./parent.ts", import.meta.url));
/** Longer than a runner's lease, which is 15 s. */
const LEASE_AND_MORE = 20_000;

export type ParentEnd = "SIGTERM" | "SIGKILL" | "orderly";

export interface ChaosOptions {
  /** How long each parent works before something is done to it, in ms. */
  readonly each: number;
  /** It works on until so many calls gave their value. Default 1. */
  readonly values?: number;
  /** Ends all of it. */
  readonly signal?: AbortSignal;
  /** What becomes of the parents, one after the other. The last one always ends in an orderly way. */
  readonly ends: readonly ParentEnd[];
}

export interface ChaosResult extends Verdict {
  /** How many times each thing was done, and each fault struck. */
  readonly faults: Readonly<Record<string, number>>;
  /** How many machines there have been for runners. */
  readonly machines: number;
}

/** States in which nothing runs any more. */
const OVER: ReadonlySet<string> = new Set(["stopped", "failed", "destroying", "destroyed"]);

type Machine = ReturnType<Emulator["world"]["machines"]>[number];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Real parents and runners, each a machine of the emulator, under load, while Fly loses answers, refuses, fails, is full, and
 * tells old news; while runners are killed, stand still, and die with their hosts; and in the end the parents themselves.
 * Then judges: by the journal that all of them wrote, and by what machines there were.
 */
export async function chaos({ each, values = 1, ends, signal }: ChaosOptions): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), "flamelet-chaos-"));
  // Heaps are small, so that running out of memory takes a moment and not the computer.
  const command = [process.execPath, "--max-old-space-size=64", entry];
  const env = { CHAOS_JOURNAL: folder, FLAME_BUILD_ID: "chaos" };
  const emulator = await startEmulator({ times: noTimes, rateLimit: false, images: { [IMAGE]: { command, env } } });
  const { world } = emulator;
  const faults: Record<string, number> = {};
  const note = (fault: string): void => void (faults[fault] = (faults[fault] ?? 0) + 1);
  const made = new Map<string, Machine[]>();
  const survivors: number[] = [];
  const violations: string[] = [];
  try {
    for (const name of [PARENTS, RUNNERS])
      world.createApp({ name, org: "personal" }).setSecret("FLY_API_TOKEN", emulator.token, Date.now());
    world.events.on("machine", (machine) => {
      const { app, name } = machine;
      const same = made.get(name) ?? [];
      if (app.name !== RUNNERS || same.includes(machine)) return;
      // A boot is made anew when its answer was lost and its machine has died since; but never beside the other one.
      const twin = same.find(({ state }) => !OVER.has(state));
      if (twin !== undefined) violations.push(`two machines of ${name} at once: ${twin.id} was ${twin.state}`);
      made.set(name, [...same, machine]);
    });
    world.events.on("fault", ({ kind }, what) => {
      if (what === "struck") note(kind);
    });
    spoil(emulator);
    for (const end of [...ends, "orderly" as const]) {
      const parent = await startParent(emulator);
      const before = valuesIn(folder);
      const given = (): number => {
        signal?.throwIfAborted();
        // One that has ended by itself gives no more.
        return parent.life.pid === null ? Infinity : valuesIn(folder) - before;
      };
      await harass(emulator, note, given, { each, values });
      const pid = parent.life.pid;
      if (pid === null) {
        violations.push(`the parent ended by itself, though it was not told to:\n${output(emulator, parent)}`);
        continue;
      }
      if (end === "orderly") survivors.push(pid);
      note(`parent ${end}`);
      process.kill(pid, end === "orderly" ? "SIGUSR2" : end);
      await parent.until(({ state }) => state === "stopped", AbortSignal.timeout(60_000));
    }
    world.faults.clear();
    const runners = (): Machine[] => world.machines().filter(({ app }) => app.name === RUNNERS);
    for (const deadline = Date.now() + LEASE_AND_MORE; runners().length > 0 && Date.now() < deadline;) await sleep(50);
    for (const { id, name, state } of runners()) violations.push(`machine ${id} (${name}) was left, ${state}`);
    const api = new FlyApi({ baseUrl: emulator.url, token: emulator.token });
    const listed = await fly({ app: RUNNERS, image: IMAGE, regions: "ams", host: "127.0.0.1", api }).list();
    if (listed.length > 0) violations.push(`list() knows of ${listed.length} machines at the end`);
    const verdict = check(readJournal(folder), survivors);
    return {
      ...verdict,
      violations: [...verdict.violations, ...violations],
      faults,
      machines: [...made.values()].flat().length,
    };
  } finally {
    await emulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What goes wrong all the time, for runners' machines only. */
function spoil({ world }: Emulator): void {
  const now = { app: RUNNERS, probability: 0.15 };
  for (const action of ["create", "delete", "list", "wait"]) {
    world.faults.add({ kind: "lost-reply", action, ...now });
    world.faults.add({ kind: "rate-limit", action, ...now });
    world.faults.add({ kind: "error", action, ...now });
  }
  world.faults.add({ kind: "stale-list", ...now, ms: 2_000, probability: 0.5 });
  world.faults.add({ kind: "no-capacity", ...now, action: "create", region: "ams", scope: "region", probability: 0.5 });
  world.faults.add({ kind: "slow", ...now, action: "create", ms: 300 });
}

async function startParent({ url: baseUrl, token, world }: Emulator): Promise<Machine> {
  const api = new FlyApi({ baseUrl, token }).machines(PARENTS);
  const { id } = await api.create({ config: { image: IMAGE, restart: { policy: "no" } } });
  const machine = world.app(PARENTS).machine(id);
  await machine.until(({ state }) => state === "started", AbortSignal.timeout(10_000));
  return machine;
}

/**
 * Does things to the machines of runners for a while, and until so many calls gave their value. They get over each before the
 * next one comes: where a boot takes longer than the time between two, none would ever be ready.
 */
async function harass(
  { world }: Emulator,
  note: (fault: string) => void,
  given: () => number,
  { each, values }: { readonly each: number; readonly values: number },
): Promise<void> {
  const over = Date.now() + each;
  const undo: Promise<void>[] = [];
  let last = 0;
  while (Date.now() < over || given() < values) {
    await sleep(300 + Math.random() * 500);
    if (given() <= last) continue;
    last = given();
    const running = world.machines().filter(({ app, state }) => app.name === RUNNERS && state === "started");
    const victim = running[Math.floor(Math.random() * running.length)];
    const pid = victim?.life.pid;
    if (victim === undefined || pid == null) continue;
    const dice = Math.random();
    if (dice < 0.4) {
      kill(pid, "SIGKILL");
      note("kill -9");
    } else if (dice < 0.7) {
      kill(pid, "SIGSTOP");
      note("SIGSTOP");
      // Some come back in time, and some only after they were given up.
      undo.push(sleep(Math.random() < 0.5 ? 1_000 : 7_000).then(() => kill(pid, "SIGCONT")));
    } else {
      const { id } = world.faults.add({ kind: "host-dead", machine: victim.id });
      note("host-dead");
      undo.push(sleep(2_000).then(() => void world.faults.remove(id)));
    }
  }
  // What was done to them is over before the parent ends, but for those that stand still for long.
  await Promise.race([Promise.all(undo), sleep(2_000)]);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
}

function output({ world }: Emulator, { id }: Machine): string {
  return world.logs
    .find({ machine: id, limit: 20 })
    .map(({ text }) => text)
    .join("\n");
}
