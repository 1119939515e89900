/** How often something may be done: so many at once, and then so many a second. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A little slower than allowed, since the other side may round. */
const MARGIN = 1.02;

/**
 * A token bucket, kept as the time at which it will be full again ("generic cell rate algorithm"). It is told the time, and
 * waits for nothing itself.
 *
 * The other side counts a call when it arrives, which may be long after it was made, and the next one may be faster on its way.
 * So a call that is answered counts as one that was made then: it arrived no later.
 */
export class TokenBucket {
  /** The time in which one token comes back, and that in which all but one do, in ms. */
  readonly #interval: number;
  readonly #tolerance: number;
  #fullAt = -Infinity;
  #blockedUntil = -Infinity;
  #taken = 0;

  constructor({ perSecond, burst }: Rate) {
    this.#interval = (1000 / perSecond) * MARGIN;
    this.#tolerance = this.#interval === 0 ? 0 : this.#interval * (burst - 1);
  }

  /** Takes a token, if there is one, and gives its number; else null. */
  take(now: number): number | null {
    if (now < this.nextAt()) return null;
    this.#fullAt = Math.max(this.#fullAt, now) + this.#interval;
    return ++this.#taken;
  }

  /** From when on there is a token, if nobody takes one before. */
  nextAt(): number {
    return Math.max(this.#blockedUntil, this.#fullAt - this.#tolerance);
  }

  /** The call that took this token was answered. */
  answered(token: number, now: number): void {
    const since = this.#taken - token;
    this.#fullAt = Math.max(this.#fullAt, now + (since + 1) * this.#interval);
  }

  /** The other side says that it has been too much: nothing until then, and no burst after that. */
  block(until: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, until);
    this.#fullAt = Math.max(this.#fullAt, until + this.#tolerance);
  }

  /** Whether it is as good as a new one. */
  isFull(now: number): boolean {
    return now >= this.#fullAt && now >= this.#blockedUntil;
  }
}
