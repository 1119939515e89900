/**
 * Time, as the state machines see it. Pool, runner and session take every instant and every timer from a `Clock`, so
 * that the same code runs on real time, on a fake clock in tests, and on virtual time in a simulation.
 */
export interface Clock {
  /** Milliseconds on a clock that never goes back. Its zero means nothing. */
  now(): number;
  /** Calls `fn` once, `ms` from now. `Infinity` is allowed and means never. The timer does not keep the process alive. */
  setTimer(ms: number, fn: () => void): Timer;
}

/** A timer that can be cancelled; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Node's `setTimeout` fires at once for a longer delay than this (2^31 - 1 ms, about 24.8 days). */
const LONGEST = 2 ** 31 - 1;

const NEVER: Timer = { cancel() {} };

/** As `performance.now` but for its zero, and as fast. To look at that has Node load `node:perf_hooks`, which takes longer. */
function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** The real clock. */
export const systemClock: Clock = {
  now,
  setTimer(ms, fn) {
    if (ms === Infinity) return NEVER;
    const deadline = now() + ms;
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      handle = setTimeout(() => (left > LONGEST ? arm(deadline - now()) : fn()), Math.max(0, Math.min(left, LONGEST)));
      handle.unref();
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** In how many parts `setAwakeTimer` waits: a pause of this process costs at most one of them. */
const PARTS = 10;

/**
 * A timer for whoever waits for somebody else. When this process is paused (stopped, or its machine suspended) for longer
 * than it waits, an ordinary timer is due on waking, before what the other one did meanwhile has been read; this one has
 * waited for a tenth of its time at most.
 */
export function setAwakeTimer(clock: Clock, ms: number, fn: () => void): Timer {
  let left = PARTS;
  let timer: Timer;
  const arm = (): void => {
    timer = clock.setTimer(ms / PARTS, () => (--left === 0 ? fn() : arm()));
  };
  arm();
  return { cancel: () => timer.cancel() };
}
