import type { Clock } from "../clock.ts";

/** How much of a stream may be on its way at first, in bytes. */
export const FIRST_WINDOW: number = 256 * 1024;

/** The most, in bytes: enough for 160 MB/s over a network whose round trip takes 100 ms. */
const LARGEST_WINDOW = 16 * 1024 * 1024;

/** What takes a window no longer than this, in ms, is near enough: that is 256 MB/s at least, and small calls wait no longer. */
const NEAR = 1;
/** Over how many windows a rate is measured. */
const SPAN = 8;
/** How many times as fast twice the window has to be. Where the window is what limits, that is 2. */
const GAIN = 1.5;
/** After how many windows that is tried again when it was not faster, at first; each time after twice as many. */
const REST = 128;

/**
 * How much of a stream may be on its way. A window that is too small for the round trip of a network keeps it idle. One that
 * is larger than it has to be makes nothing faster, and lets small calls wait behind it. So it begins small, and is doubled as
 * long as that makes the stream faster.
 */
export class Window {
  /** In bytes. */
  size: number = FIRST_WINDOW;
  readonly #clock: Clock;
  /** What was read since the measurement began; null while there is none. */
  #read: number | null = null;
  #since = 0;
  /** The rate before the window was doubled, in bytes per ms; null when it was not. */
  #before: number | null = null;
  #rest = REST;
  /** How much is read before the next measurement. Code that just began to run says nothing of the network. */
  #resting: number = SPAN * FIRST_WINDOW;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** So many bytes were read, and the reader has nothing left (`waits`) or finds more. */
  read(bytes: number, waits: boolean): void {
    if (this.#resting > 0) {
      this.#resting -= bytes;
      return;
    }
    // Whoever reads more slowly than they are sent needs no larger window.
    if (!waits) this.#read = null;
    else if (this.#read === null) this.#measure();
    else {
      this.#read += bytes;
      if (this.#read >= SPAN * this.size) this.#judge(this.#read / Math.max(this.#clock.now() - this.#since, 0.001));
    }
  }

  #measure(): void {
    this.#read = 0;
    this.#since = this.#clock.now();
  }

  #judge(rate: number): void {
    this.#read = null;
    const far = this.size / rate > NEAR;
    const faster = this.#before === null ? far : rate > GAIN * this.#before;
    if (faster && this.size < LARGEST_WINDOW) {
      this.#before = rate;
      this.size *= 2;
      return;
    }
    if (!faster && this.#before !== null) this.size /= 2;
    this.#before = null;
    this.#resting = this.#rest * this.size;
    this.#rest *= 2;
  }
}
