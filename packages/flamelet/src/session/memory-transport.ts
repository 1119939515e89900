import { Inbox } from "./inbox.ts";
import type { Receiver, Transport } from "../wire/transport.ts";

/** Above this many bytes that the other end has not taken, `write` says to wait, as a socket would. */
const HIGH_WATER = 64 * 1024;

/** Two ends of a connection within this process. What one writes, the other receives, as a copy and never at once. */
export function memoryTransportPair(): [Transport, Transport] {
  const a = new MemoryTransport();
  const b = new MemoryTransport();
  a.connect(b);
  b.connect(a);
  return [a, b];
}

class MemoryTransport implements Transport {
  readonly lends = false;
  /** The other end has the very same bytes, and may keep them. */
  readonly idle = false;
  readonly #inbox = new Inbox();
  private peer!: MemoryTransport;
  /** On its way here: it counts against the other end until it is taken. */
  #arriving: Uint8Array[] = [];
  #arrivingBytes = 0;
  #peerEnded = false;
  #ended = false;
  #closed = false;
  #waitsForDrain = false;
  #scheduled = false;

  connect(peer: MemoryTransport): void {
    this.peer = peer;
  }

  get receiver(): Receiver | null {
    return this.#inbox.receiver;
  }

  set receiver(receiver: Receiver | null) {
    this.#inbox.receiver = receiver;
    this.#schedule();
  }

  unread(bytes: Uint8Array): void {
    this.#inbox.unread(bytes);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#ended || this.#closed || this.peer.#closed) return true;
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      // As on a wire, what arrives is not what was sent: whoever changes the one leaves the other as it is.
      this.peer.#arriving.push(chunk.slice());
      this.peer.#arrivingBytes += chunk.length;
    }
    this.peer.#schedule();
    if (this.peer.#arrivingBytes <= HIGH_WATER) return true;
    this.#waitsForDrain = true;
    return false;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.peer.#peerEnded = true;
    this.peer.#schedule();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#arriving = [];
    this.peer.#arriving = [];
    this.#close();
    this.peer.#close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (this.#inbox.receiver !== null && this.#arriving.length > 0) {
      const bytes = this.#arriving.shift();
      if (bytes === undefined) break;
      this.#arrivingBytes -= bytes.length;
      this.#inbox.data(bytes);
      this.peer.#taken(this.#arrivingBytes);
    }
    if (!this.#peerEnded || this.#closed || this.#arriving.length > 0) return;
    // As with a socket: an end that hears of the other's end sends what it has, and then ends too.
    this.end();
    this.#close();
  }

  #taken(left: number): void {
    if (!this.#waitsForDrain || left > 0) return;
    this.#waitsForDrain = false;
    this.#inbox.drain();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    queueMicrotask(() => this.#inbox.closed());
  }
}
