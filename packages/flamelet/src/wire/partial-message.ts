import { ProtocolError } from "../errors.ts";
import type { Numbered } from "../id-table.ts";
import { SIZE } from "./frames.ts";

/**
 * A message up to this size gets all of its memory with its first bytes. That of a longer one grows with what has really
 * arrived: what somebody only announces costs them, not us.
 */
const AHEAD = 4 * 1024 * 1024;

/** A message that arrives in pieces, which are put together as they come. */
export class PartialMessage implements Numbered {
  readonly id: number;
  nextInBucket: this | null = null;
  readonly #limit: number;
  /** How long it will be; while that is still arriving itself, the part of the number that is known. */
  #size: number;
  /** How many bytes of the size are still to come. */
  #sizeLeft: number;
  #bytes: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #filled = 0;

  /**
   * @param id What it is found by.
   * @param size How long it will be, or null when that comes before its first byte.
   * @param limit How long it may be. Throws a `ProtocolError`, here or in `add`, before anything is allocated for more.
   */
  constructor(id: number, size: number | null, limit: number) {
    this.id = id;
    this.#limit = limit;
    this.#size = size ?? 0;
    this.#sizeLeft = size === null ? SIZE : 0;
    if (this.#sizeLeft === 0) this.#check();
  }

  /** How much memory it takes, in bytes. */
  get allocated(): number {
    return this.#bytes.length;
  }

  /** Copies a piece, which lies between two offsets. Returns how much memory it takes now beyond what it took. */
  add(bytes: Buffer, from: number, to: number): number {
    if (this.#sizeLeft > 0) {
      for (; this.#sizeLeft > 0 && from < to; this.#sizeLeft--)
        this.#size = this.#size * 256 + (bytes[from++] as number);
      if (this.#sizeLeft > 0) return 0;
      this.#check();
    }
    const filled = this.#filled + to - from;
    if (filled > this.#size) throw new ProtocolError("a message is longer than it says");
    const before = this.#bytes.length;
    if (filled > before || before === 0) this.#grow(filled);
    bytes.copy(this.#bytes, this.#filled, from, to);
    this.#filled = filled;
    return this.#bytes.length - before;
  }

  /** The whole message. */
  end(): Buffer {
    if (this.#sizeLeft > 0 || this.#filled < this.#size) throw new ProtocolError("a message is shorter than it says");
    return this.#bytes;
  }

  #check(): void {
    if (this.#size > this.#limit) throw new ProtocolError(`a message exceeds the limit of ${this.#limit} bytes`);
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#size, Math.max(AHEAD, needed * 2)));
    this.#bytes.copy(grown, 0, 0, this.#filled);
    this.#bytes = grown;
  }
}
