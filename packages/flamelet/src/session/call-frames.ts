import { ProtocolError } from "../errors.ts";
import type { CallHead, CallKind, CallRequest, Refusal } from "./calls.ts";

/** How a call begins on the wire: kind (1 byte), timeout (8), hash and function id, each with its length (2) before it. */
const KINDS: readonly CallKind[] = ["value", "stream", "place"];

/** The reasons for a refusal; a refusal carries the index. */
export const REFUSALS: readonly Refusal[] = ["draining", "unknown-function", "build-mismatch", "values"];

interface Packed {
  readonly call: CallHead;
  readonly chunks: readonly [Buffer];
}

/** Most calls begin as the one before: on either side it is kept, and not written or read again. */
let written: Packed | null = null;
let read: Packed | null = null;

/** The chunk with which a call begins. */
export function packCallHead({ fn, hash, kind, timeout }: CallRequest): readonly Uint8Array[] {
  const known = written?.call;
  if (known?.fn === fn && known.hash === hash && known.kind === kind && known.timeout === timeout)
    return (written as Packed).chunks;
  const call = { fn, hash, kind, timeout };
  written = { call, chunks: [pack(call)] };
  return written.chunks;
}

function pack(call: CallHead): Buffer {
  const hash = Buffer.byteLength(call.hash);
  const fn = Buffer.byteLength(call.fn);
  const head = Buffer.allocUnsafe(13 + hash + fn);
  let at = head.writeUInt8(KINDS.indexOf(call.kind), 0);
  at = head.writeDoubleBE(call.timeout, at);
  at = head.writeUInt16BE(hash, at);
  at += head.write(call.hash, at);
  at = head.writeUInt16BE(fn, at);
  head.write(call.fn, at);
  return head;
}

/** How the call begins that lies between two offsets. Its values begin `callHeadLength` bytes later. */
export function readCallHead(bytes: Buffer, from: number, length: number): CallHead {
  if (read !== null && isAt(read.chunks[0], bytes, from, length)) return read.call;
  const kind = KINDS[bytes[from] as number];
  const timeout = bytes.readDoubleBE(from + 1);
  if (kind === undefined || !(timeout > 0)) throw new ProtocolError("a call begins with what cannot be");
  const middle = endOfText(bytes, from + 9, from + length);
  const hash = bytes.toString("utf8", from + 11, middle);
  const call = { fn: bytes.toString("utf8", middle + 2, from + length), hash, kind, timeout };
  read = { call, chunks: [Buffer.from(bytes.subarray(from, from + length))] };
  return call;
}

/** How many bytes the head of the call takes that lies between two offsets. */
export function callHeadLength(bytes: Buffer, from: number, to: number): number {
  return endOfText(bytes, endOfText(bytes, from + 9, to), to) - from;
}

/** Where a text ends that has its length before it. */
function endOfText(bytes: Buffer, at: number, to: number): number {
  const end = at + 2 + (at + 2 <= to ? bytes.readUInt16BE(at) : Infinity);
  if (end > to) throw new ProtocolError("a call is shorter than it says");
  return end;
}

function isAt(known: Buffer, bytes: Buffer, from: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[from + i]) return false;
  return true;
}
