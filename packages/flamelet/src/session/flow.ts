import type { Clock } from "../clock.ts";
import { ProtocolError } from "../errors.ts";
import { Window } from "./window.ts";

// Flow control by credit. The consumer grants bytes; the producer sends while it has credit left (the last chunk may
// overdraw it, so any size of chunk fits). What waits at the consumer is therefore bounded by the window.

/** What a chunk of bytes costs beyond its length, so that a flood of empty ones is bounded too. */
const RAW_OVERHEAD = 64;
/**
 * In how many parts a window is granted again. A producer that gets it in few of them stands still for a part of the time:
 * with four, streams of 2 KiB chunks had 0.77 times the throughput. Those of one turn of the event loop go out in one write.
 */
const CREDITS = 16;
/** The least that a chunk which is not bytes costs: about a hundred small values are produced ahead of their reader. */
const VALUE_FLOOR = 2048;

export function chunkCost(bytes: number, raw: boolean): number {
  return raw ? bytes + RAW_OVERHEAD : Math.max(bytes, VALUE_FLOOR);
}

/** The producing end of one stream. */
export class Outflow {
  #credit = 0;
  #waiting: { resolve: () => void; reject: (error: unknown) => void } | null = null;
  #stopped: { reason: unknown } | null = null;
  readonly #onStop: (reason: unknown) => void;
  readonly #onFirstCredit: () => void;
  #started = false;

  /**
   * @param onFirstCredit The consumer wants chunks: nothing of the source is touched before.
   * @param onStop The consumer wants no more.
   */
  constructor(onFirstCredit: () => void, onStop: (reason: unknown) => void) {
    this.#onFirstCredit = onFirstCredit;
    this.#onStop = onStop;
  }

  grant(bytes: number): void {
    this.#credit += bytes;
    if (!this.#started) {
      this.#started = true;
      this.#onFirstCredit();
    }
    if (this.#credit > 0) {
      this.#waiting?.resolve();
      this.#waiting = null;
    }
  }

  /**
   * Gives a promise when there is no room for another chunk: of the moment when there is. It rejects with the consumer's
   * reason when it wants no more. Throws that reason when it is known already.
   */
  room(): Promise<void> | undefined {
    if (this.#stopped !== null) throw this.#stopped.reason;
    if (this.#credit > 0) return undefined;
    return new Promise<void>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  spend(cost: number): void {
    this.#credit -= cost;
  }

  /** The consumer stopped, or the session ended. Told once. */
  stop(reason: unknown): void {
    if (this.#stopped !== null) return;
    this.#stopped = { reason };
    this.#waiting?.reject(reason);
    this.#waiting = null;
    this.#onStop(reason);
  }
}

/** Sends what the consumer has to tell the producer. */
export interface InflowPeer {
  credit(bytes: number): void;
  stop(reason: unknown): void;
}

interface Arrived {
  readonly value: unknown;
  readonly cost: number;
}

/** The consuming end of one stream: a queue that asks for more as it is read. */
export class Inflow {
  readonly #peer: InflowPeer;
  readonly #queue: Arrived[] = [];
  /** Reads that came before their chunks. */
  readonly #waiting: PromiseWithResolvers<IteratorResult<unknown, undefined>>[] = [];
  readonly #window: Window;
  /** The window that the producer knows of. */
  #granted = 0;
  /** What was read and is not granted again yet. */
  #owed = 0;
  /** What was read since the window was last looked at. */
  #read = 0;
  /** What the producer may still send. Nothing before the first read, which is what lets it begin. */
  #outstanding = 0;
  #opened = false;
  #over = false;
  /** Why the producer failed, until a reader has been told. */
  #failure: { readonly reason: unknown } | null = null;
  /** Called when nothing arrives any more. */
  onOver: (() => void) | null = null;

  constructor(peer: InflowPeer, clock: Clock) {
    this.#peer = peer;
    this.#window = new Window(clock);
  }

  push(value: unknown, cost: number): void {
    if (this.#over) return;
    if (this.#outstanding <= 0) throw new ProtocolError("a stream sends more than it was granted");
    this.#outstanding -= cost;
    const reader = this.#waiting.shift();
    if (reader === undefined) {
      this.#queue.push({ value, cost });
      return;
    }
    this.#consumed(cost);
    reader.resolve({ done: false, value });
  }

  /** The producer is done, or failed. What arrived before is still read first. */
  finish(error?: { readonly reason: unknown }): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = error ?? null;
    for (const { resolve } of this.#waiting.splice(0)) resolve(this.#last());
    this.onOver?.();
  }

  /** What arrived cannot be used: the reader is told in its turn, and the producer now. */
  fail(reason: unknown): void {
    if (this.#over) return;
    this.finish({ reason });
    this.#peer.stop(reason);
  }

  /** The next chunk, in order. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#opened && !this.#over) {
      this.#opened = true;
      this.#granted = this.#window.size;
      this.#outstanding = this.#granted;
      this.#peer.credit(this.#granted);
    }
    const first = this.#queue.shift();
    if (first !== undefined) {
      this.#consumed(first.cost);
      return Promise.resolve({ done: false, value: first.value });
    }
    if (this.#over) return this.#last();
    const reader = Promise.withResolvers<IteratorResult<unknown, undefined>>();
    this.#waiting.push(reader);
    return reader.promise;
  }

  /** What comes after the last chunk: the failure for whoever asks first, then the end. */
  async #last(): Promise<IteratorResult<unknown, undefined>> {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure.reason;
    return { done: true, value: undefined };
  }

  /** The reader wants no more: the producer is told why, and what waited is dropped. */
  stop(reason: unknown): void {
    this.#queue.length = 0;
    this.#failure = null;
    if (this.#over) return;
    this.finish();
    this.#peer.stop(reason);
  }

  #consumed(cost: number): void {
    this.#owed += cost;
    this.#read += cost;
    if (this.#over || this.#owed < this.#granted / CREDITS) return;
    if (this.#read >= this.#granted / 4) this.#fit();
    if (this.#owed <= 0) return;
    this.#outstanding += this.#owed;
    this.#peer.credit(this.#owed);
    this.#owed = 0;
  }

  #fit(): void {
    this.#window.read(this.#read, this.#queue.length === 0);
    this.#read = 0;
    // One that has become smaller is made so by granting less.
    this.#owed += this.#window.size - this.#granted;
    this.#granted = this.#window.size;
  }
}
