/**
 * A reliable, ordered stream of bytes in both directions: a socket, one end of an in-memory pair, or a simulated wire.
 * The session and the handshake are written against this and do no I/O of their own.
 */
export interface Transport {
  /**
   * Takes the bytes, in this order, and never copies them: the caller must not change them afterwards.
   * Returns false when more than the transport likes to hold is now waiting; `drain` is called when that is over.
   * After the end of the connection it does nothing.
   */
  write(chunks: readonly Uint8Array[]): boolean;
  /** Whether it holds nothing any more of what it was given to write, so that the memory of that may be used again. */
  readonly idle: boolean;
  /** Sends what was written, then closes. */
  end(): void;
  /** Closes now; what was not sent yet is lost. */
  destroy(): void;
  /**
   * Who hears of what arrives, never while this is being set. Null while one owner hands over to the next: what arrives
   * meanwhile waits, and so does the end.
   */
  receiver: Receiver | null;
  /** Whether what it gives lies in memory into which it reads again later: whoever keeps bytes of that must copy them. */
  readonly lends: boolean;
  /** Puts bytes back before all that waits, for the next receiver: its last one had read more than was meant for it. */
  unread(bytes: Uint8Array): void;
}

/** The owner of one end of a transport. */
export interface Receiver {
  /** Bytes arrived. Slices of them may be kept, unless the transport `lends`. */
  data(bytes: Uint8Array): void;
  /** What had made `write` return false has been sent. */
  drain(): void;
  /** The connection is over, exactly once; `error` is given when it did not end in an orderly way. */
  closed(error?: Error): void;
}
