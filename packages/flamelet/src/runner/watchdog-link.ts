import type { Clock, Timer } from "../clock.ts";
import { BEAT, BLOCKED, RESPONSIVE } from "../session/beat.ts";
import { onBeat } from "../shared-beats.ts";
import type { Receiver, Transport } from "../wire/transport.ts";

/** A runner of which nothing was heard for this long, in ms, is cut off or dead. */
const SILENCE = 5_000;

/** Hears of one runner's watchdog. */
export interface WatchdogListener {
  /** The runner's main thread stopped answering, or answers again. The runner is alive either way. */
  responsive(yes: boolean): void;
  /** Nothing was heard for `ms`, though this process was running all the while. Told again only after a new beat. */
  silent(ms: number): void;
}

/**
 * The parent's end of a runner's watchdog: it renews the runner's lease, and knows whether the runner lives. The thread
 * dials again when its connection breaks, so one link outlives its connections; it is silent when no new one came in time.
 */
export class WatchdogLink implements Receiver {
  /** Who hears of it. */
  listener: WatchdogListener | null = null;
  readonly #clock: Clock;
  #transport: Transport | null = null;
  readonly #beat: Timer;
  #tickedAt: number;
  #heard: number;
  #responsive = true;
  #silent = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#heard = clock.now();
    this.#tickedAt = this.#heard;
    this.#beat = onBeat(clock, BEAT, () => this.#tick());
  }

  /** Whether the main thread answered, when last heard of. */
  get responsive(): boolean {
    return this.#responsive;
  }

  /** When the runner was last heard of, on the clock that this link was given. */
  get lastHeard(): number {
    return this.#heard;
  }

  /** Goes on over this connection, which has just been authenticated. An earlier one is closed. */
  attach(transport: Transport): void {
    if (this.#transport !== null) {
      this.#transport.receiver = null;
      this.#transport.destroy();
    }
    this.#transport = transport;
    transport.receiver = this;
    this.#hear();
    this.#send();
  }

  /** The runner is no concern of this parent any more: it is not judged, and its lease not renewed. */
  close(): void {
    this.#beat.cancel();
    this.listener = null;
    this.#transport?.destroy();
    this.#transport = null;
  }

  data(bytes: Uint8Array): void {
    const beat = bytes[bytes.length - 1];
    if (beat !== RESPONSIVE && beat !== BLOCKED) return this.#transport?.destroy();
    this.#hear();
    const responsive = beat === RESPONSIVE;
    if (responsive === this.#responsive) return;
    this.#responsive = responsive;
    this.listener?.responsive(responsive);
  }

  drain(): void {}

  closed(): void {
    this.#transport = null;
  }

  #hear(): void {
    this.#heard = this.#clock.now();
    this.#silent = false;
  }

  #tick(): void {
    const now = this.#clock.now();
    // When this beat is late, it was this process that slept, and it has not read yet what came meanwhile.
    if (now - this.#tickedAt > BEAT * 1.5) this.#heard = now;
    this.#tickedAt = now;
    this.#send();
    if (this.#silent || now - this.#heard < SILENCE) return;
    this.#silent = true;
    this.listener?.silent(now - this.#heard);
  }

  #send(): void {
    this.#transport?.write([BEAT_BYTE]);
  }
}

const BEAT_BYTE = Uint8Array.of(1);
