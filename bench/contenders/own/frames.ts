import type { Socket } from "node:net";

/**
 * The yardstick's framing: four bytes of length, then the bytes. All frames of a tick go out in one write, which is the one
 * trick that a fast connection needs, and the only one here.
 */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #packBelow: number;
  #queued: Uint8Array[] = [];
  #bytes = 0;

  /** @param packBelow Frames of a tick that are smaller are copied into one buffer; larger ones are handed to `writev`. */
  constructor(socket: Socket, packBelow = Infinity) {
    this.#socket = socket;
    this.#packBelow = packBelow;
  }

  /** What was not handed to the socket yet, in bytes. */
  get queued(): number {
    return this.#bytes;
  }

  send(frame: Uint8Array): void {
    if (this.#queued.push(frame) === 1) process.nextTick(this.#flush);
    this.#bytes += 4 + frame.length;
  }

  readonly #flush = (): void => {
    const frames = this.#queued;
    const bytes = this.#bytes;
    this.#queued = [];
    this.#bytes = 0;
    if (frames.every((frame) => frame.length < this.#packBelow)) this.#socket.write(packed(frames, bytes));
    else this.#writev(frames);
  };

  #writev(frames: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const frame of frames) {
      const header = Buffer.allocUnsafe(4);
      header.writeUInt32BE(frame.length);
      this.#socket.write(header);
      this.#socket.write(frame);
    }
    this.#socket.uncork();
  }
}

function packed(frames: readonly Uint8Array[], bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const frame of frames) {
    at = buffer.writeUInt32BE(frame.length, at);
    buffer.set(frame, at);
    at += frame.length;
  }
  return buffer;
}

/** Finds the frames in what a socket reads. A frame that came in one piece is not copied. */
export class FrameReader {
  readonly #receive: (frame: Buffer) => void;
  /** The part of a header that came without the rest of it. */
  #header: Buffer = Buffer.alloc(0);
  /** The frame that is being filled, when it did not come in one piece. */
  #frame: Buffer | null = null;
  #filled = 0;

  constructor(receive: (frame: Buffer) => void) {
    this.#receive = receive;
  }

  push(chunk: Buffer): void {
    let at = 0;
    if (this.#header.length > 0) {
      chunk = Buffer.concat([this.#header, chunk]);
      this.#header = Buffer.alloc(0);
    }
    while (at < chunk.length) {
      if (this.#frame !== null) {
        at += this.#fill(this.#frame, chunk.subarray(at));
        continue;
      }
      if (chunk.length - at < 4) {
        this.#header = Buffer.from(chunk.subarray(at));
        return;
      }
      const length = chunk.readUInt32BE(at);
      at += 4;
      if (chunk.length - at < length) {
        this.#frame = Buffer.allocUnsafe(length);
        this.#filled = 0;
        continue;
      }
      this.#receive(chunk.subarray(at, at + length));
      at += length;
    }
  }

  #fill(frame: Buffer, from: Buffer): number {
    const part = Math.min(frame.length - this.#filled, from.length);
    frame.set(part === from.length ? from : from.subarray(0, part), this.#filled);
    this.#filled += part;
    if (this.#filled === frame.length) {
      this.#frame = null;
      this.#receive(frame);
    }
    return part;
  }
}
