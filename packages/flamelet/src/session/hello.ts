import { createHmac } from "node:crypto";
import { ProtocolError } from "../errors.ts";

/** The version of all that follows a hello. The layout of the hello itself never changes. */
export const PROTOCOL_VERSION = 3;

/** What a connection is for: calls, or the lease that the watchdog thread holds. */
export type LinkKind = "main" | "watchdog";

/** Who a runner says that it is, before it has proved anything. */
export interface Hello {
  readonly version: number;
  readonly kind: LinkKind;
  readonly runnerId: string;
  readonly epoch: number;
  readonly buildId: string;
}

/** A nonce, and a proof, are this many bytes. */
export const NONCE = 32;
export const PROOF = 32;
/** The magic and the length of the rest. */
export const HELLO_HEAD = 6;
/** The longest hello, head included: all that a stranger can make a parent hold. */
export const HELLO_MAX = 512;
const LONGEST_TEXT = 200;

const MAGIC = Buffer.from("FLAM");
const KINDS: readonly LinkKind[] = ["main", "watchdog"];

/** magic, length of the rest (u16), version, kind, epoch (u32), runner id and build id (u8 length each), nonce. */
export function encodeHello(hello: Hello, nonce: Uint8Array): Buffer {
  const runnerId = text("runner id", hello.runnerId);
  const buildId = text("build id", hello.buildId);
  const fixed = Buffer.alloc(6);
  fixed.writeUInt8(hello.version, 0);
  fixed.writeUInt8(KINDS.indexOf(hello.kind), 1);
  fixed.writeUInt32BE(hello.epoch, 2);
  const body = [fixed, Buffer.of(runnerId.length), runnerId, Buffer.of(buildId.length), buildId, nonce];
  const head = Buffer.alloc(HELLO_HEAD);
  MAGIC.copy(head);
  head.writeUInt16BE(
    body.reduce((sum, part) => sum + part.length, 0),
    MAGIC.length,
  );
  return Buffer.concat([head, ...body]);
}

/** How many bytes follow the head of a hello. Checked before one of them is read. */
export function helloBodyLength(head: Buffer): number {
  if (!head.subarray(0, MAGIC.length).equals(MAGIC)) throw new ProtocolError("this is no flamelet runner");
  const length = head.readUInt16BE(MAGIC.length);
  if (length > HELLO_MAX - HELLO_HEAD) throw new ProtocolError(`a hello of ${length} bytes is too long`);
  return length;
}

/** How many bytes of a connection tell what kind of link it is to be. */
export const HELLO_KIND_BYTES: number = HELLO_HEAD + 2;

/** What kind of link a hello that begins like this asks for, for who only looks on; null when it is no hello. */
export function helloKind(first: Buffer): LinkKind | null {
  if (first.length < HELLO_KIND_BYTES || !first.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  return KINDS[first.readUInt8(HELLO_HEAD + 1)] ?? null;
}

export function decodeHello(body: Buffer): Hello {
  let at = 6;
  const take = (): string => {
    const length = body[at] ?? 0;
    const start = at + 1;
    at = start + length;
    return body.toString("utf8", start, at);
  };
  const runnerId = take();
  const buildId = take();
  if (at + NONCE !== body.length) throw new ProtocolError("malformed hello");
  const kind = KINDS[body.readUInt8(1)];
  if (kind === undefined) throw new ProtocolError("a hello for an unknown kind of link");
  return { version: body.readUInt8(0), kind, epoch: body.readUInt32BE(2), runnerId, buildId };
}

/**
 * What only somebody who knows the secret can compute. It covers the whole hello (version, kind, runner, epoch, build and
 * the runner's nonce) and the parent's nonce; `role` keeps one side's proof from being sent back to it as the other's.
 */
export function prove(
  secret: Uint8Array,
  role: "parent" | "runner",
  hello: readonly Uint8Array[],
  parentNonce: Uint8Array,
): Buffer {
  const mac = createHmac("sha256", secret).update(`flamelet handshake ${role}\0`);
  for (const part of hello) mac.update(part);
  return mac.update(parentNonce).digest();
}

function text(what: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length > LONGEST_TEXT)
    throw new ProtocolError(`the ${what} is longer than ${LONGEST_TEXT} bytes: ${value}`);
  return bytes;
}
