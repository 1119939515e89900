import { ProtocolError } from "../errors.ts";
import { NOTHING_TEXT } from "./text-forms.ts";

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
export const COPY_BELOW: number = 16 * 1024;

const NOTHING_CODE = NOTHING_TEXT.charCodeAt(0);
const NO_CHUNKS: readonly Uint8Array[] = [];

/** What a value without attachments has before its text. */
export const TEXT_HEAD = 8;

/** The chunks of a message that begins with some bytes and ends with a value. The attachments are not copied. */
export function packValue(value: PackedValue, before: readonly Uint8Array[] = NO_CHUNKS): Uint8Array[] {
  const count = value.attachments.length;
  const text = Buffer.byteLength(value.json);
  const head = Buffer.allocUnsafe(8 + 4 * count + text);
  let at = head.writeUInt32BE(count);
  for (const bytes of value.attachments) at = head.writeUInt32BE(bytes.length, at);
  at = head.writeUInt32BE(text, at);
  head.write(value.json, at, text, "utf8");
  return [...before, head, ...value.attachments];
}

/** Writes a value that is nothing but a text of that many bytes. Returns where it ends. */
export function writeTextValue(target: Buffer, at: number, text: string, bytes: number): number {
  target.writeUInt32BE(0, at);
  target.writeUInt32BE(bytes, at + 4);
  const start = at + TEXT_HEAD;
  // For a few characters, to ask the runtime takes longer than to write them.
  if (bytes <= 32 && bytes === text.length) for (let i = 0; i < bytes; i++) target[start + i] = text.charCodeAt(i);
  else target.write(text, start, bytes, "utf8");
  return start + bytes;
}

/** Reads the value that lies between two offsets. The attachments are views where they are large. */
export function unpackValue(bytes: Buffer, from = 0, to: number = bytes.length): PackedValue {
  if (from + TEXT_HEAD > to) throw tooShort();
  const count = bytes.readUInt32BE(from);
  if (count === 0) return { json: onlyText(bytes, from + 4, to), attachments: NO_CHUNKS };
  return withAttachments(bytes, from + 4, to, count);
}

function withAttachments(bytes: Buffer, at: number, to: number, count: number): PackedValue {
  if (count > MAX_ATTACHMENTS) throw new ProtocolError(`${count} attachments exceed the limit of ${MAX_ATTACHMENTS}`);
  const need = (length: number): void => {
    if (at + length > to) throw tooShort();
  };
  need(4 * count + 4);
  const lengths: number[] = [];
  for (let i = 0; i < count; i++, at += 4) lengths.push(bytes.readUInt32BE(at));
  const text = bytes.readUInt32BE(at);
  at += 4;
  need(text);
  const json = bytes.toString("utf8", at, at + text);
  at += text;
  const attachments = lengths.map((length) => {
    need(length);
    const view = bytes.subarray(at, at + length);
    at += length;
    return length < COPY_BELOW ? new Uint8Array(view) : view;
  });
  if (at !== to) throw tooLong();
  return { json, attachments };
}

/** The text of a value without attachments, which is all that follows its length. */
function onlyText(bytes: Buffer, at: number, to: number): string {
  const end = at + 4 + bytes.readUInt32BE(at);
  if (end > to) throw tooShort();
  if (end < to) throw tooLong();
  if (end === at + 5 && bytes[at + 4] === NOTHING_CODE) return NOTHING_TEXT;
  return bytes.toString("utf8", at + 4, end);
}

function tooShort(): ProtocolError {
  return new ProtocolError("a value is shorter than it says");
}

function tooLong(): ProtocolError {
  return new ProtocolError("a value is longer than it says");
}
