import type { Clock } from "../clock.ts";

/** So many failures in a row, and the other side is left alone for a while. */
const TOLERATED = 5;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/**
 * Closed while calls succeed. After some failures in a row it is open: calls fail at once, and the provider, which has
 * trouble enough, is not asked. Then one call goes through, and what becomes of it decides.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  #openUntil = -Infinity;
  #probing = false;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** 0 when the call may be made, and then its end must be told; else how long it must not, in ms. */
  wait(): number {
    if (this.#failures < TOLERATED) return 0;
    const left = this.#openUntil - this.#clock.now();
    if (left > 0) return left;
    if (this.#probing) return FIRST_PAUSE;
    this.#probing = true;
    return 0;
  }

  /** There was an answer, if only a refusal. */
  succeeded(): void {
    this.#failures = 0;
    this.#probing = false;
  }

  /** There was none, or one that says that the provider is in trouble. */
  failed(): void {
    this.#failures += 1;
    this.#probing = false;
    if (this.#failures < TOLERATED) return;
    // At least half of it, or there would be no pause to speak of.
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (this.#failures - TOLERATED));
    this.#openUntil = this.#clock.now() + pause / 2 + this.#random() * (pause / 2);
  }

  /** It was given up before it could be known. */
  abandoned(): void {
    this.#probing = false;
  }
}
