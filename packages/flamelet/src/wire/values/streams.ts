import { Duplex, Readable, Transform, Writable } from "node:stream";
import type { ReadableStream as NodeReadableStream, WritableStream as NodeWritableStream } from "node:stream/web";
import { describe } from "../unsendable.ts";
import { cannot, fieldCount, flagField, malformed, type ValueKind } from "./kind.ts";

/**
 * Streams stay where they are and are read or written through the session. Nothing of them is touched before the other
 * side asks. A Node stream arrives as one of Node, a web stream as one of the web.
 */

const LOCKED = "it is locked: somebody reads or writes it already";
const DESTROYED = "it was destroyed";

/** Whether all chunks are bytes, as far as can be known without reading: true of byte streams only. */
function givesBytes(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

const webReadable: ValueKind = {
  tag: "ReadableStream",
  matches: (value) => value instanceof ReadableStream,
  reduce(value: ReadableStream, out) {
    if (value.locked) throw cannot("ReadableStream", LOCKED);
    const bytes = givesBytes(value);
    return [out.keep({ kind: "readable", value, bytes }), bytes];
  },
  revive(fields, inbound) {
    fieldCount(fields, 2, "ReadableStream");
    const bytes = flagField(fields[1], "ReadableStream");
    return inbound.importer.readable(inbound.id(fields[0]), { bytes });
  },
};

const webWritable: ValueKind = {
  tag: "WritableStream",
  matches: (value) => value instanceof WritableStream,
  reduce(value: WritableStream, out) {
    if (value.locked) throw cannot("WritableStream", LOCKED);
    return [out.keep({ kind: "writable", value })];
  },
  revive(fields, inbound) {
    fieldCount(fields, 1, "WritableStream");
    return inbound.importer.writable(inbound.id(fields[0]));
  },
};

/** A transform is read: that is what is left to do with one that was given its input. Of other duplexes one side must be over. */
function isReadableSide(value: object): boolean {
  if (!(value instanceof Readable)) return false;
  return !(value instanceof Duplex) || value instanceof Transform || !value.writable;
}

/** A Node stream that fails while nobody listens ends the process, and one that nobody used fails when its call ends. */
function harmless<S extends Readable | Writable>(stream: S): S {
  stream.on("error", () => {});
  return stream;
}

const nodeReadable: ValueKind = {
  tag: "Readable",
  matches: isReadableSide,
  reduce(value: Readable, out) {
    if (value.destroyed) throw cannot(describe(value), DESTROYED);
    const bytes = !value.readableObjectMode && value.readableEncoding === null;
    return [out.keep({ kind: "readable", value, bytes }), bytes];
  },
  revive(fields, inbound) {
    fieldCount(fields, 2, "Readable");
    const bytes = flagField(fields[1], "Readable");
    const stream = inbound.importer.readable(inbound.id(fields[0]), { bytes });
    return harmless(Readable.fromWeb(stream as NodeReadableStream, { objectMode: !bytes }));
  },
};

const nodeWritable: ValueKind = {
  tag: "Writable",
  matches: (value) => value instanceof Writable && !(value instanceof Duplex && value.readable),
  reduce(value: Writable, out) {
    if (value.destroyed) throw cannot(describe(value), DESTROYED);
    return [out.keep({ kind: "writable", value }), value.writableObjectMode];
  },
  revive(fields, inbound) {
    fieldCount(fields, 2, "Writable");
    const objectMode = flagField(fields[1], "Writable");
    const stream = inbound.importer.writable(inbound.id(fields[0]));
    return harmless(Writable.fromWeb(stream as NodeWritableStream, { objectMode }));
  },
};

const duplex: ValueKind = {
  tag: "Duplex",
  matches: (value) => value instanceof Duplex,
  reduce(value: Duplex) {
    throw cannot(
      describe(value),
      "a stream of two ways does not cross: send one of them, such as stream.pipe(new PassThrough())",
    );
  },
  revive() {
    throw malformed("stream");
  },
};

/** Anything else that `for await` can walk, such as a running async generator. */
export const iterable: ValueKind = {
  tag: "AsyncIterable",
  matches: (value) => typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === "function",
  reduce: (value: AsyncIterable<unknown>, out) => [out.keep({ kind: "iterable", value })],
  revive(fields, inbound) {
    fieldCount(fields, 1, "AsyncIterable");
    return inbound.importer.iterable(inbound.id(fields[0]));
  },
};

export const streamKinds: readonly ValueKind[] = [
  webReadable,
  webWritable,
  nodeReadable,
  nodeWritable,
  duplex,
  iterable,
];
