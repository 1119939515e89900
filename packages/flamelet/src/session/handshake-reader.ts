import { AuthError, ProtocolError } from "../errors.ts";
import type { Receiver, Transport } from "../wire/transport.ts";

interface Want {
  readonly bytes: number;
  readonly atMost: number;
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** Reads the few messages of a handshake, each of a size that is known before it is read. */
export class HandshakeReader implements Receiver {
  readonly #transport: Transport;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #failure: Error | null = null;
  #want: Want | null = null;

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.receiver = this;
  }

  /** The next `bytes` bytes. Fails when more than `atMost` have arrived: the other side speaks out of turn. */
  take(bytes: number, atMost: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#want = { bytes, atMost, resolve, reject };
      this.#settle();
    });
  }

  /** Lets go of the transport. What was read and not taken is for its next owner. */
  release(): void {
    if (this.#failure !== null) throw this.#failure;
    this.#transport.receiver = null;
    this.#transport.unread(Buffer.concat(this.#chunks));
    this.#chunks = [];
  }

  /** Closes the connection, and makes every further step fail with `error`. */
  fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#chunks = [];
    this.#transport.destroy();
    this.#settle();
  }

  /** Tells an other side that has proved itself why it is refused. It closes when it has read that. */
  refuse(message: Uint8Array, error: Error): never {
    this.#failure = error;
    this.#chunks = [];
    this.#transport.write([message]);
    this.#transport.end();
    throw error;
  }

  data(bytes: Uint8Array): void {
    if (this.#failure !== null) return;
    this.#chunks.push(Buffer.from(bytes));
    this.#size += bytes.length;
    this.#settle();
  }

  drain(): void {}

  closed(error?: Error): void {
    const why = error === undefined ? "" : `: ${error.message}`;
    this.fail(new AuthError(`the connection ended during the handshake${why}`));
  }

  #settle(): void {
    const want = this.#want;
    if (want === null) return;
    if (this.#failure === null && this.#size > want.atMost) {
      this.fail(new ProtocolError("more bytes than a handshake has"));
      return;
    }
    if (this.#failure !== null) {
      this.#want = null;
      want.reject(this.#failure);
    } else if (this.#size >= want.bytes) {
      this.#want = null;
      const all = Buffer.concat(this.#chunks);
      this.#chunks = [all.subarray(want.bytes)];
      this.#size -= want.bytes;
      want.resolve(all.subarray(0, want.bytes));
    }
  }
}
