import { ProtocolError } from "../errors.ts";

/**
 * How a value lies in a message: the number of attachments and their lengths, the length of the text, the text, then the
 * attachments as they are.
 */
export interface PackedValue {
  readonly json: string;
  readonly attachments: readonly Uint8Array[];
}

/** More than this many attachments in one value is refused. */
const MAX_ATTACHMENTS = 65_536;
/** Attachments below this size are copied out of what arrived, so that keeping one does not keep all that came with it. */
const COPY_BELOW = 16 * 1024;

const NO_ATTACHMENTS: readonly Uint8Array[] = [];

/** The chunks of a message's body: `prefix`, then the value. The attachments are not copied. */
export function packValue(value: PackedValue, prefix: Uint8Array | null = null): Uint8Array[] {
  const before = prefix?.length ?? 0;
  const count = value.attachments.length;
  const text = Buffer.byteLength(value.json);
  const head = Buffer.allocUnsafe(before + 8 + 4 * count + text);
  if (prefix !== null) head.set(prefix);
  let at = head.writeUInt32BE(count, before);
  for (const bytes of value.attachments) at = head.writeUInt32BE(bytes.length, at);
  at = head.writeUInt32BE(text, at);
  head.write(value.json, at, text, "utf8");
  return count === 0 ? [head] : [head, ...value.attachments];
}

/** Reads the value that starts at `offset` and reaches to the end of `body`. */
export function unpackValue(body: Uint8Array, offset = 0): PackedValue {
  const view = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (offset + 8 > view.length) throw tooShort();
  const count = view.readUInt32BE(offset);
  offset += 4;
  if (count === 0) return { json: onlyText(view, offset), attachments: NO_ATTACHMENTS };
  if (count > MAX_ATTACHMENTS) throw new ProtocolError(`${count} attachments exceed the limit of ${MAX_ATTACHMENTS}`);
  const need = (bytes: number): void => {
    if (offset + bytes > view.length) throw tooShort();
  };
  need(4 * count + 4);
  const lengths: number[] = [];
  for (let i = 0; i < count; i++, offset += 4) lengths.push(view.readUInt32BE(offset));
  const text = view.readUInt32BE(offset);
  offset += 4;
  need(text);
  const json = view.toString("utf8", offset, offset + text);
  offset += text;
  const attachments = lengths.map((length) => {
    need(length);
    const bytes = body.subarray(offset, offset + length);
    offset += length;
    return length < COPY_BELOW ? bytes.slice() : bytes;
  });
  if (offset !== view.length) throw tooLong();
  return { json, attachments };
}

/** The text of a value without attachments, which is all that follows its length. */
function onlyText(view: Buffer, offset: number): string {
  const end = offset + 4 + view.readUInt32BE(offset);
  if (end > view.length) throw tooShort();
  if (end < view.length) throw tooLong();
  return view.toString("utf8", offset + 4, end);
}

function tooShort(): ProtocolError {
  return new ProtocolError("a value is shorter than it says");
}

function tooLong(): ProtocolError {
  return new ProtocolError("a value is longer than it says");
}
