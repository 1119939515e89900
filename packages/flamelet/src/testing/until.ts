/** How often a condition is looked at, in ms. */
const PAUSE = 20;

/** How long a test may take, and whatever it waits for, in ms. Test runners have limits of their own, mostly below this. */
const PATIENCE = 60_000;

/** Waits until `met` holds. Rejects after a minute, so that what is left of a test that failed does not go on for ever. */
export async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await met())) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE} ms: ${met.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Rejects when `work` takes longer than a minute: then the test that waits for it can clean up. */
export async function patiently(work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`the test did not end within ${PATIENCE} ms`)), PATIENCE);
  await Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
