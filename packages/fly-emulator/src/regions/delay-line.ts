import type { Clock, Timer } from "../world/clock.ts";
import type { RegionNetwork } from "./network.ts";

interface Parcel {
  readonly due: number;
  readonly bytes: number;
  readonly arrive: () => void;
}

/** Bytes under way before the sender has to wait, as a TCP window would have it. */
const WINDOW = 1 << 20;

/**
 * One direction of a connection between two regions: what goes in comes out in order, after the time that the distance
 * takes. Nothing comes out while the regions are cut off from each other; it comes as soon as they are not.
 */
export class DelayLine {
  readonly #network: RegionNetwork;
  readonly #clock: Clock;
  readonly #from: string;
  readonly #to: string;
  readonly #queue: Parcel[] = [];
  readonly #forget: () => void;
  #bytes = 0;
  #timer: Timer | null = null;
  #roomWanted: (() => void) | null = null;

  constructor(network: RegionNetwork, clock: Clock, from: string, to: string) {
    this.#network = network;
    this.#clock = clock;
    this.#from = from;
    this.#to = to;
    this.#forget = network.onChange(() => this.#pump());
  }

  /** Sends something of that many bytes; `arrive` is called at the other end. */
  send(bytes: number, arrive: () => void): void {
    const due = this.#clock.now() + this.#network.delay(this.#from, this.#to);
    this.#queue.push({ due, bytes, arrive });
    this.#bytes += bytes;
    this.#pump();
  }

  /** Calls `fn` once, when there is room for more: at once, or later. */
  whenRoom(fn: () => void): void {
    if (this.#bytes < WINDOW) fn();
    else this.#roomWanted = fn;
  }

  /** What is under way is lost. */
  close(): void {
    this.#forget();
    this.#timer?.cancel();
    this.#queue.length = 0;
  }

  #pump(): void {
    this.#timer?.cancel();
    this.#timer = null;
    while (this.#queue.length > 0 && this.#network.reachable(this.#from, this.#to)) {
      const first = this.#queue[0] as Parcel;
      const wait = first.due - this.#clock.now();
      if (wait > 0) {
        this.#timer = this.#clock.setTimer(wait, () => this.#pump());
        return;
      }
      this.#queue.shift();
      this.#bytes -= first.bytes;
      first.arrive();
      this.#tellRoom();
    }
  }

  #tellRoom(): void {
    if (this.#bytes >= WINDOW || this.#roomWanted === null) return;
    const fn = this.#roomWanted;
    this.#roomWanted = null;
    fn();
  }
}
