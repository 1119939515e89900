import { ProtocolError } from "../../errors.ts";
import type { Export, Importer } from "../codec.ts";
import { Unsendable } from "../unsendable.ts";

/**
 * How one kind of value crosses, beyond what plain JSON and devalue do. On the wire it is an array of some fields,
 * each of which is encoded like any other value, and the tag.
 */
export interface ValueKind {
  readonly tag: string;
  /** Whether the fields hold values of the app, among which the value itself may be. */
  readonly nests?: boolean;
  /** The prototypes of values of exactly this kind. Looked up first. */
  readonly prototypes?: readonly object[];
  /** For kinds that are not known by their exact prototype. Asked in the order of `kinds.ts`. */
  matches?(value: object): boolean;
  /** The fields; may throw `cannot(…)`. */
  reduce(value: never, out: Outbound): readonly unknown[];
  /** Makes the value from fields that came off the wire: each MUST be checked with the functions below before it is used. */
  revive(fields: readonly unknown[], inbound: Inbound): unknown;
}

/** What kinds need of the encoder. */
export interface Outbound {
  readonly implicitCallbacks: boolean;
  /** Adds bytes; returns the index of the attachment. */
  attach(bytes: Uint8Array): number;
  /** Adds a whole buffer, once: what shares it here shares it there. */
  attachBuffer(buffer: ArrayBuffer): number;
  /** Reserves an attachment whose bytes are read before the value is sent. */
  attachLater(read: () => Promise<ArrayBuffer>): number;
  /** Keeps something live here; returns its id. */
  keep(entry: Omit<Export, "id">): number;
  /**
   * Own properties that are set once `target` and everything else exists over there, so that they may lead back to it.
   * `hidden` ones are not enumerable.
   */
  later(target: object, hidden: Record<string, unknown>, shown: Record<string, unknown>): void;
}

/** What kinds need of the decoder. */
export interface Inbound {
  readonly importer: Importer;
  attachment(index: number): Uint8Array;
  /** The attachment as a buffer of exactly that size; the same one for the same index. */
  buffer(index: number): ArrayBuffer;
  /** Checks that a value is the id of something live, and that the message did not name it before. */
  id(value: unknown): number;
  /** Lets properties be set later on this error. */
  madeError(error: object): void;
}

/** The error of a kind that refuses a value; the encoder knows where that is. */
export function cannot(found: string, why: string, cause?: unknown): Unsendable {
  return new Unsendable([], found, why, cause);
}

/** The error of a field that no encoder of ours writes. */
export function malformed(what: string): ProtocolError {
  return new ProtocolError(`a value holds a malformed ${what}`);
}

export function textField(value: unknown, what: string): string {
  if (typeof value !== "string") throw malformed(what);
  return value;
}

export function indexField(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw malformed(what);
  return value;
}

export function flagField(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw malformed(what);
  return value;
}

export function fieldCount(fields: readonly unknown[], count: number, what: string): void {
  if (fields.length !== count) throw malformed(what);
}
