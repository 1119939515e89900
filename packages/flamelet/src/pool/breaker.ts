import type { BootError } from "../errors.ts";

/** The longest wait after the first failure in a row, in ms; it doubles with each further one. */
const BASE = 1_000;
/** The longest wait of all, in ms. */
const CAP = 30_000;
/** So many failures in a row open the breaker. */
const OPENS_AFTER = 3;
/** For so long after a permanent failure nothing is tried, not even for a new caller, in ms. */
const COOL_DOWN = 1_000;

/** Which boots may be started. */
export interface BootGate {
  /** None before this instant. */
  readonly notBefore: number;
  /** How many may be under way at once. */
  readonly limit: number;
  /** Why the last boot failed, or null when it did not. */
  readonly lastError: BootError | null;
}

/**
 * Remembers how boots went, and says when the next may be tried. After a failure the wait grows exponentially, with full
 * jitter so that many parents do not come back at the same instant; after three failures in a row the breaker is open,
 * and one boot at a time probes whether the trouble is over. The first success closes it.
 */
export class BootBreaker implements BootGate {
  readonly #random: () => number;
  #failures = 0;
  #rounds = 0;
  #era = 0;
  #coolUntil = -Infinity;
  #notBefore = -Infinity;
  #lastError: BootError | null = null;

  constructor(random: () => number) {
    this.#random = random;
  }

  get notBefore(): number {
    return this.#notBefore;
  }

  get lastError(): BootError | null {
    return this.#lastError;
  }

  /** Which boots belong together: those that were started in the same era tell of the same trouble. */
  get era(): number {
    return this.#era;
  }

  get limit(): number {
    return this.#failures >= OPENS_AFTER || this.permanent ? 1 : Infinity;
  }

  /** Whether the last boot failed in a way that another try is not expected to change. */
  get permanent(): boolean {
    return this.#lastError !== null && this.#lastError.permanent;
  }

  /** Whether that is so recent that not even a new caller makes another try worthwhile. */
  cooling(now: number): boolean {
    return this.permanent && now < this.#coolUntil;
  }

  /** @param era What `era` was when the boot that failed was started. */
  failed(error: BootError, era: number, now: number): void {
    this.#failures++;
    this.#lastError = error;
    // The wait grows once for all boots that were under way together when the first of them failed.
    if (era === this.#era) {
      this.#era++;
      this.#rounds++;
      const longest = Math.min(CAP, BASE * 2 ** (this.#rounds - 1));
      this.#notBefore = now + Math.max(1, this.#random() * longest);
    }
    if (!error.permanent) return;
    this.#coolUntil = now + COOL_DOWN;
    this.#notBefore = Math.max(this.#notBefore, this.#coolUntil);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#rounds = 0;
    this.#coolUntil = -Infinity;
    this.#notBefore = -Infinity;
    this.#lastError = null;
  }

  /**
   * Somebody new asks, or has nothing else left to wait for. What failed permanently is mended by people, not by time,
   * so that is worth another try at once, unless the last was only just made. Returns whether the wait was cut short.
   */
  lift(now: number): boolean {
    if (!this.permanent || this.cooling(now) || this.#notBefore <= now) return false;
    this.#notBefore = now;
    return true;
  }
}
