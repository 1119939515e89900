import { setTimeout as sleep } from "node:timers/promises";

/** Looks until what is looked for is there, and gives it; fails with `what` if that takes too long. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  within = 20_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found !== false && found !== null && found !== undefined) return found as Exclude<T, false | null | undefined>;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${within} ms`);
    await sleep(50);
  }
}
