import { flame, FlameError, type Pool, PoolClosedError } from "flamelet";
import * as fns from "./functions.ts";
import { write } from "./journal.ts";

const CALLERS = 12;

let made = 0;
let stopping = false;

/** Keeps many calls of all kinds going on that pool until `stop` is called or the pool drains; each is written down. */
export async function load(pool: Pool): Promise<void> {
  await Promise.all(Array.from({ length: CALLERS }, () => caller(pool)));
}

/** Nothing new; all that runs settles. */
export function stop(): void {
  stopping = true;
}

/** One call of a random kind; every way in which it can go is written down. */
async function once(pool: Pool): Promise<void> {
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

async function caller(pool: Pool): Promise<void> {
  while (!stopping) {
    await once(pool);
    // Also when calls are refused at once, this process must get to hear of other things.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
