import type { Socket } from "node:net";
import { Inbox } from "./inbox.ts";
import type { ReadMemory } from "./read-memory.ts";
import type { Receiver, Transport } from "../wire/transport.ts";

/** A connection over TCP, TLS or a socket file, as a transport. The socket must be connected, and belongs to it. */
export class SocketTransport implements Transport {
  readonly lends: boolean;
  readonly #socket: Socket;
  readonly #inbox = new Inbox();
  #error: Error | undefined;

  /** @param memory What the socket reads into, if it has such a thing. */
  constructor(socket: Socket, memory: ReadMemory | null = null) {
    this.#socket = socket;
    this.lends = memory !== null;
    // Frames are coalesced before they get here; waiting for more in the kernel only adds latency.
    socket.setNoDelay(true);
    const receive = (bytes: Buffer): void => this.#inbox.data(bytes);
    if (memory === null) socket.on("data", receive);
    else memory.receive = receive;
    socket.on("drain", () => this.#inbox.drain());
    socket.on("error", (error) => {
      this.#error = error;
      // One of TLS, a damaged record for instance, does not close the socket by itself.
      socket.destroy();
    });
    socket.on("close", () => this.#inbox.closed(this.#error));
    socket.pause();
  }

  get receiver(): Receiver | null {
    return this.#inbox.receiver;
  }

  // Reading stops while nobody owns the connection, so that the other side cannot fill our memory meanwhile.
  set receiver(receiver: Receiver | null) {
    this.#inbox.receiver = receiver;
    if (receiver === null) this.#socket.pause();
    else this.#socket.resume();
  }

  unread(bytes: Uint8Array): void {
    this.#inbox.unread(bytes);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (!this.#socket.writable) return true;
    const [only] = chunks;
    if (only !== undefined && chunks.length === 1) return this.#socket.write(only);
    // Corking makes one writev of them, without a copy.
    this.#socket.cork();
    let more = true;
    for (const chunk of chunks) more = this.#socket.write(chunk);
    this.#socket.uncork();
    return more;
  }

  get idle(): boolean {
    return this.#socket.writableLength === 0;
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
