import { Inbox } from "../src/session/inbox.ts";
import type { Receiver, Transport } from "../src/wire/transport.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Thread } from "./thread.ts";

/** Above this many bytes that the other end has not taken, a write says to wait, as a socket would. */
const HIGH_WATER = 64 * 1024;

/** How the network of one history behaves when nothing is wrong with it. */
export interface NetworkProfile {
  /** The delay of a message, in ms, is between these. */
  readonly fastest: number;
  readonly slowest: number;
  /** How probably a write arrives in several pieces. */
  readonly sliced: number;
}

/** All connections of a history. Each keeps its order; between them there is none. */
export class Network {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #profile: NetworkProfile;
  /** The ends of connections that are not over, by the thread that holds them. */
  readonly #ends = new Map<Thread, Set<SimulatedSocket>>();
  /** Called with each write before it is carried; what it returns is carried instead. */
  tamper: ((bytes: Uint8Array, from: Thread) => Uint8Array) | null = null;

  constructor(scheduler: Scheduler, random: Random, profile: NetworkProfile) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#profile = profile;
  }

  /** A new connection between two threads: the end of the first, and the end of the second. */
  connect(near: Thread, far: Thread): [SimulatedSocket, SimulatedSocket] {
    const wire = new Wire(this.#scheduler, this.#random, this.#profile, (bytes, from) =>
      this.tamper === null ? bytes : this.tamper(bytes, from),
    );
    const pair: [SimulatedSocket, SimulatedSocket] = [
      new SimulatedSocket(wire, near, (end) => this.#forget(end)),
      new SimulatedSocket(wire, far, (end) => this.#forget(end)),
    ];
    pair[0].join(pair[1]);
    pair[1].join(pair[0]);
    for (const end of pair) {
      const known = this.#ends.get(end.thread) ?? new Set();
      known.add(end);
      this.#ends.set(end.thread, known);
    }
    return pair;
  }

  /** How long one message takes now. */
  latency(): number {
    return this.#random.between(this.#profile.fastest, this.#profile.slowest);
  }

  /** The ends that a thread holds. */
  endsOf(thread: Thread): SimulatedSocket[] {
    return [...(this.#ends.get(thread) ?? [])];
  }

  /** What the death of a thread does to its connections: the other ends are told, unless its whole host has vanished. */
  died(thread: Thread, silently: boolean): void {
    for (const end of this.endsOf(thread)) {
      if (silently) for (const one of [end, end.peer]) end.wire.lose(one);
      end.die();
    }
  }

  #forget(end: SimulatedSocket): void {
    const ends = this.#ends.get(end.thread);
    ends?.delete(end);
    if (ends?.size === 0) this.#ends.delete(end.thread);
  }
}

/** What lies between the two ends of a connection. */
export class Wire {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #profile: NetworkProfile;
  readonly #lost = new Set<SimulatedSocket>();
  readonly #tamper: (bytes: Uint8Array, from: Thread) => Uint8Array;
  #stalledUntil = 0;

  constructor(
    scheduler: Scheduler,
    random: Random,
    profile: NetworkProfile,
    tamper: (bytes: Uint8Array, from: Thread) => Uint8Array,
  ) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#profile = profile;
    this.#tamper = tamper;
  }

  /** From now on nothing arrives that this end sends, and nobody is told. */
  lose(from: SimulatedSocket): void {
    this.#lost.add(from);
  }

  /** Nothing arrives for so long; then all of it does. */
  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#scheduler.now + ms);
  }

  /** Whether what this end sends is lost. */
  loses(from: SimulatedSocket): boolean {
    return this.#lost.has(from);
  }

  /** Pieces of one write, as they go over the wire. */
  pieces(bytes: Uint8Array, from: Thread): Uint8Array[] {
    const carried = this.#tamper(bytes, from);
    if (carried.length < 2 || !this.#random.chance(this.#profile.sliced)) return [carried];
    const cut = this.#random.int(1, carried.length - 1);
    return [carried.subarray(0, cut), carried.subarray(cut)];
  }

  /** When something that is sent now arrives, not before what was sent earlier. */
  arrival(notBefore: number): number {
    const { now } = this.#scheduler;
    const latency = this.#random.between(this.#profile.fastest, this.#profile.slowest);
    return Math.max(notBefore, now + latency, this.#stalledUntil);
  }

  at(time: number, run: () => void, thread: Thread): void {
    this.#scheduler.at(
      time,
      () => {
        // What is on its way when the stall begins is held up too.
        if (this.#scheduler.now < this.#stalledUntil) this.at(this.#stalledUntil, run, thread);
        else run();
      },
      thread,
    );
  }
}

/** One end of a connection, as a process holds it. */
export class SimulatedSocket implements Transport {
  /** As the sockets of runners do: whatever keeps bytes without a copy finds others in their place. */
  readonly lends = true;
  /** What it is given is copied at once. */
  readonly idle = true;
  readonly wire: Wire;
  readonly thread: Thread;
  readonly #inbox = new Inbox();
  readonly #forget: (end: SimulatedSocket) => void;
  #peer!: SimulatedSocket;
  #lastArrival = 0;
  /** What is on its way over the wire: what each arrival does, in order. */
  #underway: (() => void)[] = [];
  #untaken = 0;
  #waitsForDrain = false;
  #ended = false;
  #closed = false;
  /** Called once, when this end is closed. */
  onClosed: (() => void) | null = null;

  constructor(wire: Wire, thread: Thread, forget: (end: SimulatedSocket) => void) {
    this.wire = wire;
    this.thread = thread;
    this.#forget = forget;
  }

  join(peer: SimulatedSocket): void {
    this.#peer = peer;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get peer(): SimulatedSocket {
    return this.#peer;
  }

  get receiver(): Receiver | null {
    return this.#inbox.receiver;
  }

  set receiver(receiver: Receiver | null) {
    this.#inbox.receiver = receiver;
  }

  unread(bytes: Uint8Array): void {
    this.#inbox.unread(bytes);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#ended || this.#closed) return true;
    const bytes = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
    for (const piece of this.wire.pieces(bytes, this.thread)) {
      this.#untaken += piece.length;
      // A copy, as over any wire: the sender may use its buffer again.
      const carried = Uint8Array.prototype.slice.call(piece);
      this.#carry(() => {
        this.#taken(carried.length);
        this.#peer.#inbox.data(carried);
        carried.fill(0xff);
      });
    }
    if (this.#untaken <= HIGH_WATER) return true;
    this.#waitsForDrain = true;
    return false;
  }

  end(): void {
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    this.#carry(() => this.#peer.#otherEnded());
  }

  destroy(): void {
    if (this.#closed) return;
    this.reset(false);
  }

  /** Closes this end now. `hard`: with an error on either side, and what is on its way is lost. */
  reset(hard: boolean): void {
    const error = hard ? new Error("read ECONNRESET") : undefined;
    if (hard) this.#underway = this.#underway.map(() => () => {});
    this.#bye(error);
    this.#close(error);
  }

  /** The process is gone: nothing runs on this side any more, and its host tells the other one. */
  die(): void {
    if (this.#closed) return;
    this.#bye(undefined);
    this.#closed = true;
    this.#ended = true;
    this.#forget(this);
    this.onClosed?.();
  }

  #bye(error: Error | undefined): void {
    if (!this.#peer.#closed) this.#carry(() => this.#peer.#close(error));
  }

  #carry(arrive: () => void): void {
    this.#underway.push(arrive);
    this.#lastArrival = this.wire.arrival(this.#lastArrival);
    // Whichever arrival it is, what was sent first arrives first.
    const next = (): void => {
      const first = this.#underway.shift();
      if (!this.wire.loses(this) && !this.#peer.#closed) first?.();
    };
    this.wire.at(this.#lastArrival, next, this.#peer.thread);
  }

  #taken(bytes: number): void {
    this.#untaken -= bytes;
    if (!this.#waitsForDrain || this.#untaken > 0 || this.wire.loses(this.#peer)) return;
    this.#waitsForDrain = false;
    this.wire.at(
      this.wire.arrival(0),
      () => {
        if (!this.#closed) this.#inbox.drain();
      },
      this.thread,
    );
  }

  /** As with a socket: an end that hears of the other's end sends what it has, and then ends too. */
  #otherEnded(): void {
    this.end();
    this.#close(undefined);
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#forget(this);
    this.onClosed?.();
    queueMicrotask(() => this.#inbox.closed(error));
  }
}
