import { setTimeout as sleep } from "node:timers/promises";

/**
 * As long as a test may take, in ms (`--test-timeout` in package.json). Nothing that tests wait for has a time of its own: how
 * long it takes is up to the machine. Who waits longer than this has failed, and must not keep its process from ending.
 */
export const LONGEST = 120_000;

/** Looks until what is looked for is there, and gives it; fails with `what` if that takes longer than `within` ms. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  within: number = LONGEST,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found !== false && found !== null && found !== undefined) return found as Exclude<T, false | null | undefined>;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${within} ms`);
    await sleep(50);
  }
}
