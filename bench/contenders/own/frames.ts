import type { Socket } from "node:net";

/**
 * The yardstick's framing: four bytes of length, then the bytes. All frames of a tick are packed into one write, which is
 * the one trick that a fast connection needs, and the only one here.
 */
export class Frames {
  readonly #socket: Socket;
  readonly #receive: (frame: Buffer) => void;
  #queued: Uint8Array[] = [];
  #bytes = 0;
  /** The part of a header that came without the rest of it. */
  #header: Buffer = Buffer.alloc(0);
  /** The frame that is being filled, when it did not come in one piece. */
  #frame: Buffer | null = null;
  #filled = 0;

  constructor(socket: Socket, receive: (frame: Buffer) => void) {
    this.#socket = socket;
    this.#receive = receive;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
  }

  send(frame: Uint8Array): void {
    if (this.#queued.push(frame) === 1) process.nextTick(this.#flush);
    this.#bytes += 4 + frame.length;
  }

  readonly #flush = (): void => {
    const packed = Buffer.allocUnsafe(this.#bytes);
    let at = 0;
    for (const frame of this.#queued) {
      at = packed.writeUInt32BE(frame.length, at);
      packed.set(frame, at);
      at += frame.length;
    }
    this.#queued = [];
    this.#bytes = 0;
    this.#socket.write(packed);
  };

  #onData(chunk: Buffer): void {
    let at = 0;
    if (this.#frame === null && this.#header.length > 0) {
      chunk = Buffer.concat([this.#header, chunk]);
      this.#header = Buffer.alloc(0);
    }
    while (at < chunk.length) {
      if (this.#frame !== null) {
        const part = Math.min(this.#frame.length - this.#filled, chunk.length - at);
        this.#frame.set(chunk.subarray(at, at + part), this.#filled);
        this.#filled += part;
        at += part;
        if (this.#filled < this.#frame.length) return;
        const whole = this.#frame;
        this.#frame = null;
        this.#receive(whole);
        continue;
      }
      if (chunk.length - at < 4) {
        this.#header = Buffer.from(chunk.subarray(at));
        return;
      }
      const length = chunk.readUInt32BE(at);
      at += 4;
      if (chunk.length - at >= length) {
        this.#receive(chunk.subarray(at, at + length));
        at += length;
      } else {
        this.#frame = Buffer.allocUnsafe(length);
        this.#filled = 0;
      }
    }
  }
}
