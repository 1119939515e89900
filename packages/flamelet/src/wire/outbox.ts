import { IdTable, type Numbered } from "../id-table.ts";
import { LinkedList, ListNode } from "../linked-list.ts";
import { HEADER, MAX_PAYLOAD, MORE, SIZE, type Type, writeHeader } from "./frames.ts";
import { packValue, TEXT_HEAD, writeTextValue } from "./message.ts";

/** A message on its way out. */
export class Outgoing {
  readonly type: Type;
  readonly flags: number;
  readonly id: number;
  body: readonly Uint8Array[];
  /** The text of a value, with which the message ends after its body. It becomes bytes in the batch that it goes out in. */
  text: string | null;
  /** Bytes of all that. */
  readonly size: number;
  /** Called when its last byte was handed to the transport. */
  readonly onWritten: (() => void) | undefined;
  /** How far its body has been written: the chunk, and the offset in it. */
  chunk = 0;
  offset = 0;
  written = 0;

  constructor(
    type: Type,
    flags: number,
    id: number,
    body: readonly Uint8Array[],
    text: string | null,
    size: number,
    onWritten: (() => void) | undefined,
  ) {
    this.type = type;
    this.flags = flags;
    this.id = id;
    this.body = body;
    this.text = text;
    this.size = size;
    this.onWritten = onWritten;
  }
}

/** What is to be sent in the order in which it came. */
class Lane implements Numbered {
  readonly id: number;
  nextInBucket: this | null = null;
  readonly messages: Outgoing[] = [];
  readonly turn: ListNode<Lane> = new ListNode<Lane>(this);

  constructor(id: number) {
    this.id = id;
  }
}

/** Messages up to this size count as small: they go out whole, before the next piece of any long one. */
const SMALL = 16 * 1024;
const NO_MEMORY = Buffer.alloc(0);
/** No more memory than this is kept for the next batch of small ones. */
const MOST_KEPT = 512 * 1024;
/** How much of long messages goes to the transport before it is asked again whether it can take more. */
const BATCH = 256 * 1024;

/**
 * Decides in which order messages go out. Small ones first, in order. Long ones take turns, a frame each, so that none
 * starves. Messages with the same `lane` keep their order among themselves whatever their size.
 */
export class Outbox {
  #small: Outgoing[] = [];
  #smallBytes = 0;
  /** Where the last small messages were copied to, how much of it they took, and whether it can be used again. */
  #batch: Buffer = NO_MEMORY;
  #batchSize = 0;
  #batchFree = true;
  /** The lanes that have something to send. */
  readonly #lanes = new IdTable<Lane>();
  /** The same, in the order of their turns. */
  readonly #turns = new LinkedList<Lane>();
  /** Bytes of long messages that wait; what bounds memory when the other side reads slowly. */
  #laneBytes = 0;

  get empty(): boolean {
    return this.#small.length === 0 && this.#lanes.size === 0;
  }

  /** How many small messages wait. */
  get smallCount(): number {
    return this.#small.length;
  }

  get waitingBytes(): number {
    return this.#smallBytes + this.#laneBytes;
  }

  add(message: Outgoing, id: number): void {
    let lane = this.#lanes.size === 0 ? undefined : this.#lanes.get(id);
    if (lane === undefined && message.size <= SMALL) {
      this.#small.push(message);
      this.#smallBytes += message.size;
      return;
    }
    if (message.text !== null) {
      message.body = packValue({ json: message.text, attachments: [] }, message.body);
      message.text = null;
    }
    this.#laneBytes += message.size;
    if (lane === undefined) {
      lane = new Lane(id);
      this.#lanes.add(lane);
      this.#turns.append(lane.turn);
    }
    lane.messages.push(message);
  }

  /** Takes back a message of which nothing was written yet; false when it is too late for that. */
  withdraw(message: Outgoing, id: number): boolean {
    if (message.written > 0) return false;
    const small = this.#small.indexOf(message);
    if (small >= 0) {
      this.#small.splice(small, 1);
      this.#smallBytes -= message.size;
      return true;
    }
    const lane = this.#lanes.get(id);
    const index = lane?.messages.indexOf(message) ?? -1;
    if (lane === undefined || index < 0) return false;
    lane.messages.splice(index, 1);
    this.#laneBytes -= message.size;
    if (lane.messages.length === 0) this.#close(lane);
    return true;
  }

  #close(lane: Lane): void {
    this.#lanes.remove(lane);
    this.#turns.remove(lane.turn);
  }

  /** All small messages, as one buffer: they are copied once, since many tiny writes cost more than the copy. */
  takeSmall(done: (() => void)[]): Uint8Array | null {
    if (this.#small.length === 0) return null;
    const size = this.#smallBytes + this.#small.length * HEADER;
    const batch = this.#batchFree && size <= this.#batch.length ? this.#batch : Buffer.allocUnsafe(size);
    this.#batch = batch;
    this.#batchSize = size;
    this.#batchFree = false;
    let at = 0;
    for (const message of this.#small) {
      writeHeader(batch, at, message.type, message.flags, message.id, message.size);
      at += HEADER;
      const end = at + message.size;
      for (const chunk of message.body) {
        batch.set(chunk, at);
        at += chunk.length;
      }
      if (message.text !== null) at = writeTextValue(batch, at, message.text, end - at - TEXT_HEAD);
      message.written = message.size;
      if (message.onWritten !== undefined) done.push(message.onWritten);
    }
    this.#small = [];
    this.#smallBytes = 0;
    return size === batch.length ? batch : batch.subarray(0, size);
  }

  /** What `takeSmall` gave last has been sent, and is held by nobody any more. */
  reuse(): void {
    // A batch that needs much less may be the first of a quiet time.
    const keep = this.#batch.length <= Math.min(this.#batchSize * 4, MOST_KEPT);
    if (!keep) this.#batch = NO_MEMORY;
    this.#batchFree = true;
  }

  /** Frames of long messages, each lane in its turn, until a batch is full. The bodies are not copied. */
  takeLong(done: (() => void)[]): Uint8Array[] {
    const out: Uint8Array[] = [];
    let budget = BATCH;
    for (let lane = this.#turns.first; budget > 0 && lane !== undefined; lane = this.#turns.first) {
      const message = lane.messages[0] as Outgoing;
      const left = message.size - message.written;
      const first = message.written === 0 && left > MAX_PAYLOAD;
      const length = Math.min(first ? MAX_PAYLOAD - SIZE : MAX_PAYLOAD, left);
      const more = length < left;
      const header = Buffer.allocUnsafe(first ? HEADER + SIZE : HEADER);
      const flags = more ? message.flags | MORE : message.flags;
      writeHeader(header, 0, message.type, flags, message.id, first ? length + SIZE : length);
      if (first) header.writeUInt32BE(message.size, HEADER);
      out.push(header);
      slice(message, length, out);
      budget -= length + HEADER;
      this.#laneBytes -= length;
      if (!more) {
        lane.messages.shift();
        if (message.onWritten !== undefined) done.push(message.onWritten);
      }
      if (lane.messages.length === 0) this.#close(lane);
      else if (this.#turns.size > 1) {
        this.#turns.remove(lane.turn);
        this.#turns.append(lane.turn);
      }
    }
    return out;
  }
}

/** Moves the next `length` bytes of the message's body to `out`, as views. */
function slice(message: Outgoing, length: number, out: Uint8Array[]): void {
  let left = length;
  while (left > 0) {
    const chunk = message.body[message.chunk] as Uint8Array;
    const take = Math.min(left, chunk.length - message.offset);
    if (take > 0) out.push(chunk.subarray(message.offset, message.offset + take));
    left -= take;
    message.offset += take;
    if (message.offset === chunk.length) {
      message.chunk += 1;
      message.offset = 0;
    }
  }
  message.written += length;
}
