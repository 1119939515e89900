/**
 * Settles as `making` does, or rejects with the reason of `signal` if that aborts first. Then what is made nevertheless is
 * undone, in the background.
 */
export function unlessAborted<T>(
  making: Promise<T>,
  signal: AbortSignal,
  undo: (made: T) => Promise<unknown>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason);
      making.then(undo).catch(() => {});
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const done = (): void => signal.removeEventListener("abort", onAbort);
    making.then(done, done);
    making.then(resolve, reject);
  });
}
