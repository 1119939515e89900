import { IdTable } from "../id-table.ts";
import { ProtocolError } from "../errors.ts";
import type { Receiver, Transport } from "./transport.ts";
import { FrameDecoder, MORE, RAW, type Type } from "./frames.ts";
import { COPY_BELOW, packValue, type PackedValue, TEXT_HEAD } from "./message.ts";
import { Outbox, Outgoing } from "./outbox.ts";
import { PartialMessage } from "./partial-message.ts";

/** Who hears the messages of a connection. */
export interface MessageHandler {
  /**
   * A whole message, whose body lies in `bytes` between two offsets. That of a raw chunk may be kept, and one that is not
   * below `COPY_BELOW`.
   */
  message(type: Type, flags: number, id: number, bytes: Buffer, from: number, to: number): void;
  /** What is queued is about to be written; what is sent now goes along. */
  flushing?(): void;
  /** The connection is over, exactly once. */
  closed(error?: Error): void;
}

export interface ConnectionLimits {
  /** The longest message that is accepted, in bytes. */
  readonly maxMessageBytes: number;
  /** How much memory unfinished messages may take at a time, in bytes. */
  readonly maxPartialBytes: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  maxMessageBytes: 256 * 1024 * 1024,
  maxPartialBytes: 512 * 1024 * 1024,
};

/**
 * So many small messages do not wait for the end of the turn: the other side works on them while this one goes on. With 64 or
 * 256 calls in flight on two cores, that makes 1.4 times as many calls a second.
 */
const EARLY = 32;

/** Messages over a transport: long ones in frames that alternate, small ones of one turn of the event loop in few writes. */
export class Connection implements Receiver {
  readonly #transport: Transport;
  readonly #handler: MessageHandler;
  readonly #limits: ConnectionLimits;
  readonly #outbox = new Outbox();
  readonly #decoder: FrameDecoder;
  readonly #partials = new IdTable<PartialMessage>();
  #partialBytes = 0;
  /** What is to be called at the end of the turn, since it was written. */
  readonly #done: (() => void)[] = [];
  #flushing = false;
  #blocked = false;
  #over = false;
  #ending = false;
  /** Counts of arrivals and writes: a heartbeat tells from their change whether either side gave a sign of life. */
  arrivals = 0;
  writes = 0;

  constructor(transport: Transport, handler: MessageHandler, limits: ConnectionLimits = defaultConnectionLimits) {
    this.#transport = transport;
    this.#handler = handler;
    this.#limits = limits;
    this.#decoder = new FrameDecoder({
      payload: (type, flags, id, length, bytes, from, to, last) =>
        this.#payload(type, flags, id, length, bytes, from, to, last),
    });
  }

  /** Starts to listen. Separate from the constructor, since bytes may be waiting already. */
  open(): void {
    this.#transport.receiver = this;
  }

  /**
   * Queues a message. Those of one `lane` keep their order; others may overtake. Nothing happens when the connection is
   * over. `onWritten` is called when its last byte went to the transport.
   */
  send(
    type: Type,
    flags: number,
    id: number,
    body: readonly Uint8Array[],
    lane: number,
    onWritten?: () => void,
  ): Outgoing {
    let size = 0;
    for (const chunk of body) size += chunk.length;
    return this.#queue(new Outgoing(type, flags, id, body, null, size, onWritten), lane);
  }

  /** As `send`, for a message that begins with these chunks and ends with a value. */
  sendValue(
    type: Type,
    flags: number,
    id: number,
    before: readonly Uint8Array[],
    value: PackedValue,
    lane: number,
    onWritten?: () => void,
  ): Outgoing {
    if (value.attachments.length > 0) return this.send(type, flags, id, packValue(value, before), lane, onWritten);
    let size = TEXT_HEAD + Buffer.byteLength(value.json);
    for (const chunk of before) size += chunk.length;
    return this.#queue(new Outgoing(type, flags, id, before, value.json, size, onWritten), lane);
  }

  #queue(message: Outgoing, lane: number): Outgoing {
    if (this.#over || this.#ending) return message;
    this.#outbox.add(message, lane);
    this.scheduleFlush();
    if (this.#outbox.smallCount >= EARLY && !this.#blocked) this.#writeSmall();
    return message;
  }

  /** Takes back a queued message; false when part of it went out already. */
  withdraw(message: Outgoing, lane: number): boolean {
    return this.#outbox.withdraw(message, lane);
  }

  /** Bytes that wait to be sent. */
  get waitingBytes(): number {
    return this.#outbox.waitingBytes;
  }

  /** Sends what is queued, then closes. */
  end(): void {
    this.#ending = true;
    this.scheduleFlush();
  }

  /** Closes now. */
  destroy(): void {
    this.#transport.destroy();
  }

  // --- sending ---

  /** Has what is queued written, and `flushing` called, when all reactions to what arrived are done. */
  scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    // A tick callback that is queued from a microtask runs when all microtasks are done: whatever the reactions to one
    // arrival send goes out in one write.
    queueMicrotask(() => process.nextTick(() => this.#flush()));
  }

  #flush(): void {
    if (!this.#over) this.#handler.flushing?.();
    this.#flushing = false;
    if (this.#over) return;
    this.#writeSmall();
    // Long messages wait for the transport, so that little of them stands between a small message and the wire.
    while (!this.#blocked && !this.#outbox.empty) {
      const frames = this.#outbox.takeLong(this.#done);
      if (frames.length === 0) break;
      this.#blocked = !this.#transport.write(frames);
    }
    if (this.#done.length > 0) for (const callback of this.#done.splice(0)) callback();
    if (this.#ending && this.#outbox.empty) this.#transport.end();
  }

  #writeSmall(): void {
    this.writes += 1;
    const batch = this.#outbox.takeSmall(this.#done);
    if (batch === null) return;
    this.#blocked = !this.#transport.write([batch]) || this.#blocked;
    if (this.#transport.idle) this.#outbox.reuse();
  }

  drain(): void {
    this.#blocked = false;
    if (!this.#outbox.empty) this.#flush();
  }

  // --- receiving ---

  data(bytes: Uint8Array): void {
    if (this.#over) return;
    this.arrivals += 1;
    try {
      this.#decoder.push(
        Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      );
    } catch (error) {
      this.#fail(error instanceof Error ? error : new ProtocolError(String(error)));
    }
  }

  #payload(
    type: Type,
    flags: number,
    id: number,
    length: number,
    bytes: Buffer,
    from: number,
    to: number,
    last: boolean,
  ): void {
    if (this.#over) return;
    const complete = last && (flags & MORE) === 0;
    const whole = complete && to - from === length;
    if (whole && this.#partials.size === 0) return this.#whole(type, flags, id, bytes, from, to);
    // One message at a time per type, id and side can be unfinished, so the three make its key.
    const key = (id * 64 + type) * 2 + ((flags >> 1) & 1);
    let partial = this.#partials.get(key);
    if (partial === undefined) {
      if (whole) return this.#whole(type, flags, id, bytes, from, to);
      partial = new PartialMessage(key, (flags & MORE) === 0 ? length : null, this.#limits.maxMessageBytes);
      this.#partials.add(partial);
    }
    this.#partialBytes += partial.add(bytes, from, to);
    if (this.#partialBytes > this.#limits.maxPartialBytes)
      throw new ProtocolError(`unfinished messages exceed the limit of ${this.#limits.maxPartialBytes} bytes`);
    if (!complete) return;
    this.#partials.remove(partial);
    this.#partialBytes -= partial.allocated;
    const body = partial.end();
    this.#handler.message(type, flags, id, body, 0, body.length);
  }

  /** A message that came in one piece. */
  #whole(type: Type, flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    const lent = this.#transport.lends && (to - from >= COPY_BELOW || (flags & RAW) !== 0);
    if (!lent) return this.#handler.message(type, flags, id, bytes, from, to);
    const own = Buffer.from(bytes.subarray(from, to));
    this.#handler.message(type, flags, id, own, 0, own.length);
  }

  #fail(error: Error): void {
    this.#transport.destroy();
    this.closed(error);
  }

  closed(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    for (const partial of this.#partials.all()) this.#partials.remove(partial);
    this.#handler.closed(error);
  }
}
