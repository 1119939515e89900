import type { Clock } from "../clock.ts";
import { ProtocolError } from "../errors.ts";
import { encode } from "../wire/codec.ts";
import { BUFFER, FAILED, MINE, RAW, Type } from "../wire/frames.ts";
import { type PackedValue, unpackValue } from "../wire/message.ts";
import { chunkCost, Inflow, Outflow } from "./flow.ts";
import { callLane, exportLane, type Link, type SendOptions } from "./link.ts";
import type { Scope } from "./scope.ts";

/**
 * All streams of one session. Each is known by the id of what was handed out and by whose id it is: a readable is produced
 * by who handed it out, a writable by who received it.
 */
export class Flows {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #inflows = new Map<number, { readonly flow: Inflow; readonly scope: Scope }>();
  readonly #outflows = new Map<number, Outflow>();

  constructor(link: Link, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  /** How many ends of streams are open here. */
  get size(): number {
    return this.#inflows.size + this.#outflows.size;
  }

  /** Opens the consuming end. Nothing is asked for before its first `next`. */
  consume(id: number, ours: boolean, scope: Scope): Inflow {
    const key = flowKey(id, ours);
    if (this.#inflows.has(key)) throw new ProtocolError(`stream ${id} was handed over twice`);
    const flags = ours ? MINE : 0;
    const flow = new Inflow(
      {
        credit: (bytes) => {
          const body = Buffer.allocUnsafe(4);
          body.writeUInt32BE(bytes);
          // A lane of its own: credit may overtake everything.
          this.#link.send(Type.CREDIT, flags, id, [body], callLane(0, true));
        },
        stop: (reason) => {
          this.#inflows.delete(key);
          this.#link.send(Type.STOP, flags, id, this.#link.packReason(reason), exportLane(id, ours));
        },
      },
      this.#clock,
    );
    this.#inflows.set(key, { flow, scope });
    return flow;
  }

  /** Opens the producing end. */
  produce(id: number, ours: boolean, onFirstCredit: () => void, onStop: (reason: unknown) => void): Outflow {
    const key = flowKey(id, ours);
    if (this.#outflows.has(key)) throw new ProtocolError(`stream ${id} was handed over twice`);
    const flow = new Outflow(onFirstCredit, onStop);
    this.#outflows.set(key, flow);
    return flow;
  }

  /** Forgets a stream whose ends are both done. */
  forget(id: number, ours: boolean): void {
    this.#inflows.delete(flowKey(id, ours));
    this.#outflows.delete(flowKey(id, ours));
  }

  /** What we produce under an id of ours ends, as if its consumer had stopped. */
  stopProducing(id: number, reason: unknown): void {
    this.#outflows.get(flowKey(id, true))?.stop(reason);
  }

  /** What we consume under an id of ours fails; false when nothing is being consumed. */
  failConsuming(id: number, reason: unknown): boolean {
    const key = flowKey(id, true);
    const inflow = this.#inflows.get(key);
    this.#inflows.delete(key);
    inflow?.flow.finish({ reason });
    return inflow !== undefined;
  }

  /**
   * Sends one chunk; the caller has waited for room. Gives a promise when the chunk has blobs, whose bytes must be read
   * first: their size counts, and what follows must not overtake them. Throws when the chunk cannot cross.
   */
  chunk(
    id: number,
    ours: boolean,
    chunk: unknown,
    flow: Outflow,
    scope: Scope,
    options?: SendOptions,
  ): Promise<void> | undefined {
    const flags = ours ? MINE : 0;
    const lane = exportLane(id, ours);
    if (chunk instanceof Uint8Array && chunk.length > 0) {
      flow.spend(chunkCost(chunk.length, true));
      const raw = flags | (Buffer.isBuffer(chunk) ? RAW | BUFFER : RAW);
      this.#link.send(Type.CHUNK, raw, id, [chunk], lane);
      return undefined;
    }
    const encoded = encode(chunk);
    const send = (): void => {
      flow.spend(chunkCost(sizeOf(encoded), false));
      this.#link.sendValue(Type.CHUNK, flags, id, { ...encoded, ready: null }, lane, scope, options);
    };
    if (encoded.ready !== null) return encoded.ready.then(send);
    send();
    return undefined;
  }

  close(id: number, ours: boolean, error?: { readonly reason: unknown }, onWritten?: () => void): void {
    const flags = (ours ? MINE : 0) | (error === undefined ? 0 : FAILED);
    const body = error === undefined ? [] : this.#link.packReason(error.reason);
    this.#link.send(Type.CLOSE, flags, id, body, exportLane(id, ours), onWritten);
  }

  /** Everything of a stream but its chunks. */
  message(type: Type, flags: number, id: number, body: Buffer): void {
    // What is the sender's own is theirs to us.
    const key = flowKey(id, (flags & MINE) === 0);
    if (type === Type.CREDIT) {
      if (body.length !== 4) throw new ProtocolError("a credit is a number of four bytes");
      return this.#outflows.get(key)?.grant(body.readUInt32BE(0));
    }
    if (type === Type.STOP) return this.#outflows.get(key)?.stop(this.#link.readReason(body));
    const inflow = this.#inflows.get(key);
    if (inflow === undefined) return;
    this.#inflows.delete(key);
    inflow.flow.finish((flags & FAILED) === 0 ? undefined : { reason: this.#link.readReason(body) });
  }

  /** A chunk arrived, which lies between two offsets. Bytes are kept as they are. */
  chunkArrived(flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    const inflow = this.#inflows.get(flowKey(id, (flags & MINE) === 0));
    if (inflow === undefined) return;
    const { flow, scope } = inflow;
    if ((flags & RAW) !== 0) return flow.push(rawChunk(flags, bytes, from, to), chunkCost(to - from, true));
    const packed = unpackValue(bytes, from, to);
    let value: unknown;
    try {
      value = this.#link.decode(packed, scope);
    } catch (error) {
      // A value that this side cannot make is the end of this stream, not of everything else.
      if (error instanceof ProtocolError) throw error;
      return flow.fail(error);
    }
    flow.push(value, chunkCost(sizeOf(packed), false));
  }

  /** The session is over. */
  end(reason: unknown): void {
    for (const flow of this.#outflows.values()) flow.stop(reason);
    for (const { flow } of this.#inflows.values()) flow.finish({ reason });
    this.#outflows.clear();
    this.#inflows.clear();
  }
}

function rawChunk(flags: number, bytes: Buffer, from: number, to: number): Uint8Array {
  if ((flags & BUFFER) === 0) return new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);
  return to - from === bytes.length ? bytes : bytes.subarray(from, to);
}

function sizeOf(value: PackedValue): number {
  let size = value.json.length;
  for (const bytes of value.attachments) size += bytes.length;
  return size;
}

function flowKey(id: number, ours: boolean): number {
  return id * 2 + (ours ? 1 : 0);
}
