import type { Clock, Timer } from "../clock.ts";
import { onBeat } from "../shared-beats.ts";
import type { Connection } from "../wire/connection.ts";
import { Type, MINE } from "../wire/frames.ts";

export interface PulseOptions {
  readonly clock: Clock;
  /** How often a sign of life is sent, in ms. Default 1,000. */
  readonly heartbeat?: number;
  /** Silent for this long, the other side counts as gone, unless `alive` says otherwise. Default 5,000; may be Infinity. */
  readonly silence?: number;
  /** Asked before a silent peer is given up: whether something else knows that it lives. */
  readonly alive?: () => boolean;
  /**
   * Whether a ping is answered at once. One side does: then both are heard of at the beat of the other, which wakes once for
   * what it sends and what it gets. Default false.
   */
  readonly answers?: boolean;
}

/**
 * Shows the other side of a connection that this one lives, and closes the connection when nothing is heard from there.
 *
 * Silence is counted in ticks of our own timer, not by the clock: when this process was paused, it wakes to one late
 * tick, not to the belief that everybody else has been silent.
 */
export class Pulse {
  readonly #connection: Connection;
  readonly #heartbeat: number;
  readonly #silence: number;
  readonly #alive: () => boolean;
  readonly #answers: boolean;
  readonly #beat: Timer;
  #silentTicks = 0;
  #arrivals = 0;
  #writes = 0;

  constructor(connection: Connection, options: PulseOptions) {
    this.#connection = connection;
    this.#heartbeat = options.heartbeat ?? 1_000;
    this.#silence = options.silence ?? 5_000;
    this.#alive = options.alive ?? (() => false);
    this.#answers = options.answers ?? false;
    this.#beat = onBeat(options.clock, this.#heartbeat, () => this.#tick());
  }

  /** Whether nothing was heard in the last beat. */
  get silent(): boolean {
    return this.#silentTicks > 0;
  }

  stop(): void {
    this.#beat.cancel();
  }

  /** The other side pinged. */
  pinged(): void {
    if (this.#answers) this.#ping();
  }

  #ping(): void {
    this.#connection.send(Type.PING, MINE, 0, [], 0);
  }

  #tick(): void {
    // Any byte is a sign of life. The write of a ping itself makes the next one no less needed.
    const quiet = this.#connection.writes === this.#writes;
    this.#writes = this.#connection.writes + (quiet ? 1 : 0);
    if (quiet) this.#ping();
    const heard = this.#connection.arrivals !== this.#arrivals;
    this.#arrivals = this.#connection.arrivals;
    // Known to live, it has a whole silence from when it answers again: what it says may come later than the news of that.
    if (heard) this.#silentTicks = 0;
    else this.#silentTicks = this.#alive() ? 1 : this.#silentTicks + 1;
    if (this.#silentTicks * this.#heartbeat < this.#silence) return;
    this.#connection.destroy();
    this.#connection.closed(new Error(`nothing was heard for ${this.#silence} ms`));
  }
}
