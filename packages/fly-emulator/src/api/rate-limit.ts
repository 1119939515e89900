import type { Clock } from "../world/clock.ts";

/** How many calls are let through. */
export interface Rate {
  /** Calls for each second. */
  readonly perSecond: number;
  readonly burst: number;
}

/** What Fly documents: https://fly.io/docs/machines/api/working-with-machines-api/#rate-limits */
const DEFAULT: Rate = { perSecond: 1, burst: 3 };
const BY_ACTION: Readonly<Record<string, Rate>> = {
  get: { perSecond: 5, burst: 10 },
  "app-delete": { perSecond: 100 / 60, burst: 100 },
};

/** From this many on, those that are full are forgotten. */
const MOST_BUCKETS = 10_000;
/** After this long, in ms, any bucket is full. */
const FULL_AGAIN = 60_000;

/** A token bucket for each action and the machine or app that it is about. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether this call may pass; counts it if so. */
  take(action: string, subject: string): boolean {
    const { perSecond, burst } = BY_ACTION[action] ?? DEFAULT;
    const key = `${action} ${subject}`;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MOST_BUCKETS) this.#forget(now);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  /** Forgets what has long been full again: machines come and go. */
  #forget(now: number): void {
    for (const [key, { at }] of this.#buckets) if (at < now - FULL_AGAIN) this.#buckets.delete(key);
  }
}
