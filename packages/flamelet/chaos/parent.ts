/**
 * The app of the chaos run: a parent that keeps many calls going until it is told to end, and writes down each of them. A
 * copy of it is a runner.
 */
import { readdirSync, readFileSync } from "node:fs";
import { flame, FlameError, PoolClosedError } from "flamelet";
import * as fns from "./functions.ts";
import { write } from "./journal.ts";

const CALLERS = 12;

const pool = flame.pool("chaos", {
  max: 3,
  maxConcurrency: 4,
  idleShutdownAfter: 1_000,
  timeout: 4_000,
  shutdownTimeout: 3_000,
  queueTimeout: 20_000,
  // Heaps are small, so that running out of memory takes a moment and not the machine.
  backend: flame.backend.process({ execArgv: ["--max-old-space-size=64"] }),
});

let made = 0;
let stopping = false;

/** One call of a random kind; every way in which it can go is written down. */
async function once(): Promise<void> {
  const call = `${process.pid}-${(made += 1)}`;
  const ask = async (kind: string, run: () => Promise<unknown>): Promise<void> => {
    write(fns.JOURNAL, { event: "asked", call, kind });
    try {
      await run();
      write(fns.JOURNAL, { event: "settled", call, code: null, outcome: null });
    } catch (error) {
      const known = FlameError.is(error) ? error : null;
      // The pool drains, since this process was told to end.
      if (PoolClosedError.is(error)) stopping = true;
      write(fns.JOURNAL, { event: "settled", call, code: known?.code ?? "OWN", outcome: known?.outcome ?? null });
    }
  };
  const dice = Math.random();
  if (dice < 0.3) return await ask("quick", () => flame.call(pool, fns.quick, call));
  if (dice < 0.45) return await ask("slow", () => flame.call(pool, fns.slow, call, 200));
  if (dice < 0.5) return await ask("late", () => flame.call(pool.with({ timeout: 100 }), fns.slow, call, 400));
  if (dice < 0.6) return await ask("spin", () => flame.call(pool, fns.spin, call, 20));
  if (dice < 0.7) return await ask("bulky", () => flame.call(pool, fns.bulky, call, new Uint8Array(300_000)));
  if (dice < 0.8) return await ask("chatty", () => flame.call(pool, fns.chatty, call, (n: number) => n));
  if (dice < 0.9)
    return await ask("stream", async () => {
      for await (const chunk of flame.stream(pool, fns.stream, call))
        if (chunk.length !== 20_000) throw new Error("a chunk is short");
    });
  if (dice < 0.96)
    return await ask("place", async () => {
      await using child = await flame.place(pool, fns.place, call);
      for (let n = 1; n <= 3; n++) await child.add(n);
    });
  if (dice < 0.97) return await ask("exit", () => flame.call(pool, fns.exit, call));
  if (dice < 0.98) return await ask("reject", () => flame.call(pool, fns.reject, call));
  if (dice < 0.99) return await ask("block", () => flame.call(pool, fns.spin, call, 2_500));
  return await ask("hoard", () => flame.call(pool, fns.hoard, call));
}

async function caller(): Promise<void> {
  while (!stopping) {
    await once();
    // Also when calls are refused at once, this process must get to hear of other things.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The runner processes of this parent that there really are. */
function runnerProcesses(): number {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
      return Number(parent) === process.pid && state !== "Z";
    } catch {
      return false;
    }
  }).length;
}

if (!flame.isRunner) {
  // Ends in an orderly way on SIGUSR2: nothing new, all that runs settles, the pool goes back to nothing.
  process.on("SIGUSR2", () => (stopping = true));
  await Promise.all(Array.from({ length: CALLERS }, caller));
  await new Promise<void>(
    (resolve) =>
      pool.on("retired", () => pool.stats().runners === 0 && resolve()) && pool.stats().runners === 0 && resolve(),
  );
  write(fns.JOURNAL, { event: "counted", stats: pool.stats().runners, processes: runnerProcesses() });
}
