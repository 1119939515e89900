/** What the calls of the chaos run do on runners: ordinary work, and a few that are not. */
import { flame } from "flamelet";
import { write } from "./journal.ts";

/** The folder of the journal; null when nobody wants one. */
export const JOURNAL: string | null = process.env["CHAOS_JOURNAL"] ?? null;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs `work` between two lines in the journal. */
async function journaled<T>(call: string, work: () => T | Promise<T>): Promise<T> {
  write(JOURNAL, { event: "started", call, pid: process.pid });
  const value = await work();
  write(JOURNAL, { event: "ended", call, pid: process.pid });
  return value;
}

export const quick = flame.fn("chaos/quick", (call: string) => journaled(call, () => call));
export const slow = flame.fn("chaos/slow", (call: string, ms: number) => journaled(call, () => sleep(ms)));
export const spin = flame.fn("chaos/spin", (call: string, ms: number) =>
  journaled(call, () => {
    for (const end = Date.now() + ms; Date.now() < end;);
  }),
);
export const bulky = flame.fn("chaos/bulky", (call: string, bytes: Uint8Array) => journaled(call, () => bytes));
export const chatty = flame.fn("chaos/chatty", (call: string, ask: (n: number) => Promise<number>) =>
  journaled(call, async () => {
    for (let n = 0; n < 5; n++) if ((await ask(n)) !== n) throw new Error("a callback gave something else");
  }),
);
export const stream = flame.fn("chaos/stream", async function* (call: string) {
  write(JOURNAL, { event: "started", call, pid: process.pid });
  for (let n = 0; n < 50; n++) {
    yield new Uint8Array(20_000).fill(n);
    if (n % 10 === 0) await sleep(5);
  }
  write(JOURNAL, { event: "ended", call, pid: process.pid });
});
export const exit = flame.fn("chaos/exit", (call: string) => journaled(call, () => process.exit(9)));
export const reject = flame.fn("chaos/reject", (call: string) =>
  journaled(call, () => {
    void Promise.reject(new Error("nobody handles this"));
    return sleep(50);
  }),
);
export const hoard = flame.fn("chaos/hoard", (call: string) =>
  journaled(call, async () => {
    const kept: unknown[] = [];
    for (;;) {
      kept.push(Array.from({ length: 50_000 }, (_, i) => ({ i })));
      await sleep(0);
    }
  }),
);
export class Child {
  #sum = 0;
  add(n: number): number {
    return (this.#sum += n);
  }
}
export const place = flame.fn("chaos/place", (call: string) => journaled(call, () => new Child()));
