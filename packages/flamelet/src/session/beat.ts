/** How often either side of a watchdog link sends a byte, in ms. Any byte counts as a sign of life. */
export const BEAT = 1_000;

/** The byte that a runner's watchdog sends while the main thread answers, and the one while it does not. */
export const RESPONSIVE = 1;
export const BLOCKED = 2;

/**
 * When a runner's watchdog beats: at once whenever it hears of its parent, which is awake then and may have very many runners,
 * and at its own time only if it did not hear of it since.
 */
export class Beats {
  readonly #beat: () => void;
  #answered = false;

  constructor(beat: () => void) {
    this.#beat = beat;
  }

  /** The parent was heard of. */
  heard(): void {
    this.#answered = true;
    this.#beat();
  }

  /** It is time for one of its own, which it is every `BEAT` at least. */
  due(): void {
    if (!this.#answered) this.#beat();
    this.#answered = false;
  }
}
