import { Decoder } from "./codec-decoder.ts";
import { Encoder } from "./codec-encoder.ts";
import { defaultValueLimits, type ValueLimits } from "./limits.ts";
import { readPlain } from "./plain-reader.ts";
import { writePlain } from "./plain-writer.ts";
import { isPlainText, NOTHING_TEXT } from "./text-forms.ts";

/**
 * Turns values into text and raw bytes, and back. What is plain goes the short way of `plain-writer.ts`. Of all else the
 * text is devalue's; what devalue does not know crosses as one of the kinds in `values/`, and what none of these knows is
 * refused with its path, before anything is sent.
 *
 * Encoding belongs to no session: a call is encoded when it is made, and sent when it has a slot. Bytes are not copied, so
 * whoever changes them in between changes what is sent.
 */

export type ExportKind = "function" | "object" | "readable" | "writable" | "iterable" | "promise" | "signal";

/** Something live that stays here and is reached by id. */
export interface Export {
  /** Unique in this process. */
  readonly id: number;
  readonly kind: ExportKind;
  /** As it was found: a readable may be a `ReadableStream` or a Node `Readable`, a writable likewise. */
  readonly value: object;
  /** Of an object: its methods, in the order of the names that went to the other side. They expect `value` as `this`. */
  readonly methods?: readonly ((...args: unknown[]) => unknown)[];
  /** Of a readable: whether all of its chunks are bytes. */
  readonly bytes?: boolean;
}

/** A stand-in that travels back to the side where the original lives. */
export interface Home {
  /** Who made the stand-in; see `markImported`. It can go home through this owner only. */
  readonly owner: object;
  readonly id: number;
}

export interface Encoded {
  readonly json: string;
  /** Views of the buffers that were encoded. Complete once `ready` has resolved. */
  readonly attachments: readonly Uint8Array[];
  readonly exports: readonly Export[];
  readonly homes: readonly Home[];
  /** Not null while the bytes of a Blob or File are being read. Rejects with a `SerializationError` when they cannot be. */
  readonly ready: Promise<void> | null;
}

export interface EncodeOptions {
  /** Whether functions that were not marked cross as callbacks. Default: they are refused. */
  readonly implicitCallbacks?: boolean;
  /**
   * Down to which depth the value is made of arrays that the caller has just made, which need not be looked at as closely
   * as those of an app. Default 0.
   */
  readonly own?: number;
}

/** Makes the local stand-ins for things that live on the other side. Implemented by the session. */
export interface Importer {
  function(id: number): (...args: unknown[]) => Promise<unknown>;
  /** @param methods The names of its methods, each once; they are invoked by their index in this list. */
  object(id: number, methods: readonly string[]): object;
  readable(id: number, info: { readonly bytes: boolean }): ReadableStream;
  writable(id: number): WritableStream;
  iterable(id: number): AsyncIterable<unknown>;
  promise(id: number): Promise<unknown>;
  signal(id: number): AbortSignal;
  /** The original that went to the other side earlier with that id. Throws a `SerializationError` when there is none. */
  home(id: number): unknown;
}

const NONE: readonly never[] = [];

/** A text, and nothing beside it. */
function onlyText(json: string): Encoded {
  return { json, attachments: NONE, exports: NONE, homes: NONE, ready: null };
}

const NOTHING: Encoded = onlyText(NOTHING_TEXT);

/** Encodes any value. Throws an `Unsendable` when some part of it cannot cross. */
export function encode(value: unknown, options: EncodeOptions = {}): Encoded {
  if (value === undefined) return NOTHING;
  const text = writePlain(value, defaultValueLimits, options.own);
  if (text !== null) return onlyText(text);
  return new Encoder(options.implicitCallbacks ?? false, defaultValueLimits).run(value);
}

/** As `decode`, for a text of which `isPlainText` says that nothing but itself is needed to read it. */
export function decodePlain(json: string): unknown {
  return readPlain(json, defaultValueLimits);
}

export { isPlainText };

/**
 * Decodes what `encode` gave. Throws a `ProtocolError` for text that no encoder writes, and a `SerializationError` for a
 * value that is too big or that this side cannot make. Nothing that was decoded is called or awaited, but objects with a
 * method `then` may be among it: whoever resolves a promise with the result has to take care.
 */
export function decode(
  json: string,
  attachments: readonly Uint8Array[],
  importer: Importer,
  limits: ValueLimits = defaultValueLimits,
): unknown {
  return isPlainText(json) ? readPlain(json, limits) : new Decoder(attachments, importer, limits).run(json);
}
