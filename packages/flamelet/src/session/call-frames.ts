import { ProtocolError } from "../errors.ts";
import type { CallHead, CallKind, CallRequest, Refusal } from "./calls.ts";

/** How a call begins on the wire: kind (1 byte), timeout (8), hash and function id, each with its length (2) before it. */
const KINDS: readonly CallKind[] = ["value", "stream", "place"];

/** The reasons for a refusal; a refusal carries the index. */
export const REFUSALS: readonly Refusal[] = ["draining", "unknown-function", "build-mismatch", "values"];

/** Most calls begin as the one before. */
let last: { readonly call: CallHead; readonly head: Buffer } | null = null;

export function packCall({ fn, hash, kind, timeout }: CallRequest): Buffer {
  const known = last?.call;
  if (known?.fn === fn && known.hash === hash && known.kind === kind && known.timeout === timeout)
    return (last as { head: Buffer }).head;
  const call = { fn, hash, kind, timeout };
  last = { call, head: pack(call) };
  return last.head;
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

export function unpackCall(body: Uint8Array): { head: CallHead; valuesAt: number } {
  const view = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let at = 9;
  const text = (): string => {
    const end = at + 2 + (at + 2 <= view.length ? view.readUInt16BE(at) : Infinity);
    if (end > view.length) throw new ProtocolError("a call is shorter than it says");
    const value = view.toString("utf8", at + 2, end);
    at = end;
    return value;
  };
  const hash = text();
  const fn = text();
  const kind = KINDS[view[0] as number];
  const timeout = view.readDoubleBE(1);
  if (kind === undefined || !(timeout > 0)) throw new ProtocolError("a call begins with what cannot be");
  return { head: { fn, hash, kind, timeout }, valuesAt: at };
}
