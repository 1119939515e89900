import type { Clock } from "../clock.ts";
import { fullJitter } from "./backoff.ts";
import { Breaker } from "./breaker.ts";
import { type Rate, TokenBucket } from "./bucket.ts";

/**
 * What Fly documents: each action has a limit for each identifier, which is the machine's id or the app's, by the type of
 * the request. https://fly.io/docs/machines/api/working-with-machines-api/#rate-limits
 */
export const FLY_RATES: Readonly<Record<string, Rate>> = {
  default: { perSecond: 1, burst: 3 },
  "get machine": { perSecond: 5, burst: 10 },
  "delete app": { perSecond: 100 / 60, burst: 100 },
};

export interface GovernorOptions {
  readonly clock: Clock;
  /** From 0 up to, and never, 1. */
  readonly random: () => number;
  /** By action; `default` for all others. Default: as Fly documents. */
  readonly rates?: Readonly<Record<string, Rate>>;
}

interface Waiter {
  readonly go: (token: number) => void;
}

/** Calls of one action on one identifier, in the order in which they came. */
interface Lane {
  readonly bucket: TokenBucket;
  readonly waiting: Set<Waiter>;
  timer: { cancel(): void } | null;
  refusals: number;
}

/** More lanes than this, and those that have nothing to remember are forgotten. */
const MANY_LANES = 1_000;
/** What a refusal without `Retry-After` costs, in ms: the first, and at most. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/** Lets calls of a provider's API go as fast as it allows, and not at all while it is in trouble. */
export class Governor {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #rates: Readonly<Record<string, Rate>>;
  readonly #lanes = new Map<string, Lane>();
  /** Open while the API fails. */
  readonly breaker: Breaker;

  constructor({ clock, random, rates = FLY_RATES }: GovernorOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#rates = rates;
    this.breaker = new Breaker(clock, random);
  }

  /**
   * Resolves when the call may be made, with what `accepted` wants to know. Rejects with the reason of `signal`, and then it
   * costs nothing.
   */
  admit(action: string, id: string, signal?: AbortSignal): Promise<number> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const lane = this.#lane(action, id);
    const token = lane.waiting.size === 0 ? lane.bucket.take(this.#clock.now()) : null;
    if (token !== null) return Promise.resolve(token);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        go: (turn) => {
          signal?.removeEventListener("abort", onAbort);
          resolve(turn);
        },
      };
      const onAbort = (): void => {
        lane.waiting.delete(waiter);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      lane.waiting.add(waiter);
      this.#arm(lane);
    });
  }

  /** To be told of each refusal for having been called too often. */
  refused(action: string, id: string, retryAfter: number | null): void {
    const lane = this.#lane(action, id);
    const now = this.#clock.now();
    const pause = retryAfter ?? fullJitter(this.#random, lane.refusals, FIRST_PAUSE, LONGEST_PAUSE);
    lane.refusals += 1;
    lane.bucket.block(now + pause);
    this.#arm(lane);
  }

  /** To be told of each call that was answered and not refused. */
  accepted(action: string, id: string, token: number): void {
    const lane = this.#lane(action, id);
    lane.refusals = 0;
    lane.bucket.answered(token, this.#clock.now());
    this.#arm(lane);
  }

  /** How many calls wait for their turn. */
  get waiting(): number {
    return [...this.#lanes.values()].reduce((sum, lane) => sum + lane.waiting.size, 0);
  }

  #lane(action: string, id: string): Lane {
    const key = `${action} ${id}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      const now = this.#clock.now();
      if (this.#lanes.size >= MANY_LANES) this.#forget(now);
      const rate = this.#rates[action] ?? this.#rates["default"] ?? { perSecond: Infinity, burst: Infinity };
      lane = { bucket: new TokenBucket(rate), waiting: new Set(), timer: null, refusals: 0 };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #forget(now: number): void {
    for (const [key, lane] of this.#lanes)
      if (lane.waiting.size === 0 && lane.bucket.isFull(now)) this.#lanes.delete(key);
  }

  #arm(lane: Lane): void {
    lane.timer?.cancel();
    lane.timer = null;
    if (lane.waiting.size === 0) return;
    const left = Math.max(0, Math.ceil(lane.bucket.nextAt() - this.#clock.now()));
    lane.timer = this.#clock.setTimer(left, () => {
      for (const waiter of lane.waiting) {
        const token = lane.bucket.take(this.#clock.now());
        if (token === null) break;
        lane.waiting.delete(waiter);
        waiter.go(token);
      }
      this.#arm(lane);
    });
  }
}
