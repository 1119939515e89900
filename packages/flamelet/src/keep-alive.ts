/** No timer of Node waits longer than this. */
const LONGEST = 2 ** 31 - 1;

let holders = 0;
/** Made once: to set and clear one for each of calls that follow one another costs more than the calls. */
let handle: NodeJS.Timeout | null = null;

/**
 * Keeps this process alive while somebody waits for a call: sockets and timers of flamelet do not, so that idle runners
 * never stop an app from ending, but an app must not end under a caller's feet.
 */
export function keepAlive(): void {
  holders += 1;
  if (holders > 1) return;
  if (handle === null) handle = setInterval(() => {}, LONGEST);
  else handle.ref();
}

/** To be called once for each `keepAlive`. */
export function letEnd(): void {
  holders -= 1;
  if (holders <= 0) handle?.unref();
}

/** Keeps this process alive until `promise` settles; gives that promise. */
export function aliveUntil<T>(promise: Promise<T>): Promise<T> {
  keepAlive();
  return promise.finally(letEnd);
}
