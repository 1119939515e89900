/** Time, as the emulator sees it: machines, leases, rate limits and the proxy take it from here, so that a test can turn it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `fn` once, `ms` from now, and never for `Infinity`. */
  setTimer(ms: number, fn: () => void): Timer;
}

/** A timer that can be cancelled; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Node's `setTimeout` fires at once for a longer delay than this, about 24.8 days. */
const LONGEST = 2 ** 31 - 1;

/** The real clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(ms, fn) {
    if (ms === Infinity) return { cancel() {} };
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      handle = setTimeout(() => (left > LONGEST ? arm(left - LONGEST) : fn()), Math.min(left, LONGEST)).unref();
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  },
};
