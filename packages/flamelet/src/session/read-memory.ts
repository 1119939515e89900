import { keepFreedMemory } from "./freed-memory.ts";

/** How much is read at a time at first, in bytes: what comes before anybody has proved who they are takes no more. */
const FIRST = 4 * 1024;
/**
 * The most: all of the window that a stream has at first, with its headers, so that chunks seldom come in two pieces. Larger
 * reads make streams no faster.
 */
const MOST = 272 * 1024;
/** How many times as large it becomes when a read has filled it. */
const GROWTH = 4;

/**
 * Memory into which a socket reads all that arrives, instead of fresh memory for each read: to be given to the socket as
 * `onread`, and then to its transport. It grows with what is read at a time, so that those that are idle take little.
 */
export class ReadMemory {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST);
  /** Set by the transport. Nothing arrives before: it is made, and pauses the socket, when that has connected. */
  receive: (bytes: Buffer) => void = () => {};

  /** What to read into next. */
  readonly buffer = (): Buffer => this.#bytes;

  readonly callback = (length: number): boolean => {
    const read = this.#bytes;
    if (length === read.length && length < MOST) this.#grow();
    this.receive(read.subarray(0, length));
    return true;
  };

  #grow(): void {
    const size = Math.min(this.#bytes.length * GROWTH, MOST);
    this.#bytes = Buffer.allocUnsafeSlow(size);
    if (size === MOST) keepFreedMemory();
  }
}
