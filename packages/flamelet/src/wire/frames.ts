import { ProtocolError } from "../errors.ts";

/**
 * A frame is a header of 12 bytes and at most 64 KiB of payload. A message is one frame, or several of the same type and
 * id of which all but the last carry `MORE`; the payload of the first of several begins with the length of the whole
 * message (4 bytes), so that it can be put together where it will stay. Frames of different messages may alternate, so
 * that a long message never holds up a short one.
 *
 * ```text
 *  0       1       2                                       8              12
 *  +-------+-------+---------------------------------------+---------------+----------
 *  | type  | flags | id (48 bits)                          | length        | payload
 *  +-------+-------+---------------------------------------+---------------+----------
 * ```
 */
export const HEADER = 12;
export const MAX_PAYLOAD: number = 64 * 1024;
/** Ids only grow; at a million calls a second this lasts for a year, and it leaves room to make keys of them. */
export const MAX_ID: number = 2 ** 45;

/** What the first of several frames has before its part of the message. */
export const SIZE = 4;

/** The message goes on in another frame. */
export const MORE = 1;
/** The id was made by the sender of this frame; without it, by its receiver. */
export const MINE = 2;
/** On RESULT, ERROR and REFUSE: the work has ended, no END follows. */
export const ENDED = 4;
/** On CHUNK: the payload is the bytes themselves, not an encoded value. */
export const RAW = 8;
/** On CLOSE and SETTLE: the payload is the error that ended it. */
export const FAILED = 16;
/** On a RAW chunk: it was a Node `Buffer`, and shall be one again. */
export const BUFFER = 32;

/** What a message is. The numbers are the wire format. */
export const Type = {
  /** Run a registered function. */
  CALL: 1,
  /** The function was entered: its clock runs. */
  START: 2,
  RESULT: 3,
  ERROR: 4,
  /** Not started, and never will be: the reason is in the payload. */
  REFUSE: 5,
  /** The caller lost interest; the payload is the reason. */
  CANCEL: 6,
  /** The work of a call has ended: its slot is free, and all that belonged to it is gone. */
  END: 7,
  /** Run a function or method that the other side handed out. */
  INVOKE: 8,
  /** The sender will not use this export any more; or, from the owner of a writable: everything is written. */
  RELEASE: 9,
  /** One chunk of a stream. */
  CHUNK: 10,
  /** The producer of a stream is done, or failed. */
  CLOSE: 11,
  /** The consumer of a stream can take this many bytes more. */
  CREDIT: 12,
  /** The consumer of a stream wants no more; the payload is the reason. */
  STOP: 13,
  /** A promise settled, or a signal aborted. */
  SETTLE: 14,
  /** Nothing but a sign of life. */
  PING: 15,
  /** From a runner: the app is loaded. */
  READY: 16,
  /** From a runner: it wants to go; the payload is the reason. */
  LEAVING: 17,
  /** To a runner: take nothing new, end what runs, then go. */
  DRAIN: 18,
  /** From a runner: everything has ended, and it goes. */
  GOODBYE: 19,
} as const;
export type Type = (typeof Type)[keyof typeof Type];

const LAST_TYPE = Type.GOODBYE;
const KNOWN_FLAGS = MORE | MINE | ENDED | RAW | FAILED | BUFFER;

/** Writes a header at `offset` of `target`. */
export function writeHeader(
  target: Buffer,
  offset: number,
  type: Type,
  flags: number,
  id: number,
  length: number,
): void {
  target[offset] = type;
  target[offset + 1] = flags;
  target.writeUIntBE(id, offset + 2, 6);
  target.writeUInt32BE(length, offset + 8);
}

/** Receives the payload of frames as it arrives. */
export interface FrameSink {
  /**
   * A piece of the payload of a frame of that length. It lies in `bytes` between two offsets; `last` with the final one
   * (an empty frame has one empty piece). `bytes` is what came off the transport: not even a view of it is made here.
   */
  payload(
    type: Type,
    flags: number,
    id: number,
    length: number,
    bytes: Buffer,
    from: number,
    to: number,
    last: boolean,
  ): void;
}

/** Cuts a stream of bytes into frames. The header is checked before anything of the payload is kept. */
export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #header = new Uint8Array(HEADER);
  #have = 0;
  #type: Type = Type.PING;
  #flags = 0;
  #id = 0;
  #length = 0;
  /** Bytes of payload still to come, or -1 while in a header. */
  #left = -1;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes. Throws a `ProtocolError` at the first header that cannot be. */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left < 0) {
        const whole = this.#have === 0 && bytes.length - at >= HEADER;
        if (whole) {
          this.#readHeader(bytes, at);
          at += HEADER;
        } else {
          at = this.#collectHeader(bytes, at);
          if (this.#have < HEADER) return;
          this.#have = 0;
          this.#readHeader(this.#header, 0);
        }
        if (this.#left > 0) continue;
        this.#left = -1;
        this.#sink.payload(this.#type, this.#flags, this.#id, 0, bytes, at, at, true);
      } else {
        const take = Math.min(this.#left, bytes.length - at);
        const from = at;
        at += take;
        const last = take === this.#left;
        this.#left = last ? -1 : this.#left - take;
        this.#sink.payload(this.#type, this.#flags, this.#id, this.#length, bytes, from, at, last);
      }
    }
  }

  /** Takes what is there of a header that came in pieces. Returns where it stopped reading. */
  #collectHeader(bytes: Uint8Array, at: number): number {
    const end = Math.min(at + HEADER - this.#have, bytes.length);
    while (at < end) this.#header[this.#have++] = bytes[at++] as number;
    return at;
  }

  #readHeader(header: Uint8Array, at: number): void {
    const type = header[at] as number;
    const flags = header[at + 1] as number;
    const id = (uint16(header, at + 2) * 0x10000 + uint16(header, at + 4)) * 0x10000 + uint16(header, at + 6);
    const length = uint16(header, at + 8) * 0x10000 + uint16(header, at + 10);
    if (type < Type.CALL || type > LAST_TYPE) throw new ProtocolError(`unknown frame type ${type}`);
    if ((flags & ~KNOWN_FLAGS) !== 0) throw new ProtocolError(`unknown flags ${flags} on a frame of type ${type}`);
    if (length > MAX_PAYLOAD) throw new ProtocolError(`a frame of ${length} bytes exceeds the limit of ${MAX_PAYLOAD}`);
    if (length === 0 && (flags & MORE) !== 0) throw new ProtocolError("an empty frame says that more follows");
    if (id > MAX_ID) throw new ProtocolError(`id ${id} exceeds the limit of ${MAX_ID}`);
    this.#type = type as Type;
    this.#flags = flags;
    this.#id = id;
    this.#length = length;
    this.#left = length;
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
