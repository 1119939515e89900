import { keepFreedMemory } from "./freed-memory.ts";

/**
 * How much is read at a time at most, in bytes: all of the window that a stream has at first, with its headers, so that chunks
 * seldom come in two pieces. Larger reads make streams no faster.
 */
const MOST = 272 * 1024;
/** How much at first: what comes before anybody has proved who they are takes no more. */
const FIRST: number = MOST / 64;
/** How many times as large it becomes when a read has filled it. */
const GROWTH = 4;
/** After how many reads in a row for which the next smaller size would do that is taken: an idle connection reads every second. */
const PATIENCE = 64;

/**
 * Memory into which a socket reads all that arrives, instead of fresh memory for each read: to be given to the socket as
 * `onread`, and then to its transport. It is as large as what is read at a time, so that those that are idle take little.
 */
export class ReadMemory {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST);
  #smallReads = 0;
  /** Set by the transport. Nothing arrives before: it is made, and pauses the socket, when that has connected. */
  receive: (bytes: Buffer) => void = () => {};

  /** What to read into next. */
  readonly buffer = (): Buffer => this.#bytes;

  readonly callback = (length: number): boolean => {
    const read = this.#bytes;
    this.#fit(length, read.length);
    this.receive(read.subarray(0, length));
    return true;
  };

  #fit(length: number, size: number): void {
    this.#smallReads = length * GROWTH < size ? this.#smallReads + 1 : 0;
    if (length === size && size < MOST) this.#resize(size * GROWTH);
    else if (this.#smallReads >= PATIENCE && size > FIRST) this.#resize(size / GROWTH);
  }

  #resize(size: number): void {
    this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#smallReads = 0;
    if (size === MOST) keepFreedMemory();
  }
}
