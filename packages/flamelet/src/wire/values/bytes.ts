import { types } from "node:util";
import { describe } from "../unsendable.ts";
import { cannot, fieldCount, indexField, malformed, type Outbound, textField, type ValueKind } from "./kind.ts";

/**
 * Bytes travel beside the value, raw. Views that cover their whole buffer share it over there as they do here; a view of
 * a part sends only what it shows, and arrives with a buffer of its own. A resizable buffer arrives with a fixed length.
 */

interface ViewConstructor {
  new (buffer: ArrayBuffer): ArrayBufferView;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT?: number;
}

const views = new Map<string, ViewConstructor>(
  Object.entries({
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  }),
);
const { Float16Array } = globalThis as { Float16Array?: ViewConstructor };
if (Float16Array !== undefined) views.set("Float16Array", Float16Array);

const viewNames = new Map<object, string>([...views].map(([name, type]) => [type.prototype, name]));

const SHARED = "shared memory cannot leave its process: copy it first";
const DETACHED = "its buffer was transferred away";

function window(view: ArrayBufferView): Uint8Array {
  if (types.isSharedArrayBuffer(view.buffer)) throw cannot("SharedArrayBuffer", SHARED);
  if ((view.buffer as ArrayBuffer).detached) throw cannot(describe(view), DETACHED);
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function attachView(view: ArrayBufferView, out: Outbound): number {
  const bytes = window(view);
  const whole = bytes.byteLength === bytes.buffer.byteLength;
  return whole ? out.attachBuffer(bytes.buffer as ArrayBuffer) : out.attach(bytes);
}

const arrayBuffer: ValueKind = {
  tag: "ArrayBuffer",
  prototypes: [ArrayBuffer.prototype],
  reduce(buffer: ArrayBuffer, out) {
    if (buffer.detached) throw cannot("ArrayBuffer", DETACHED);
    return [out.attachBuffer(buffer)];
  },
  revive(fields, inbound) {
    fieldCount(fields, 1, "ArrayBuffer");
    return inbound.buffer(indexField(fields[0], "ArrayBuffer"));
  },
};

const sharedArrayBuffer: ValueKind = {
  tag: "SharedArrayBuffer",
  matches: types.isSharedArrayBuffer,
  reduce() {
    throw cannot("SharedArrayBuffer", SHARED);
  },
  revive() {
    throw malformed("SharedArrayBuffer");
  },
};

const view: ValueKind = {
  tag: "view",
  prototypes: [...viewNames.keys()],
  reduce(value: ArrayBufferView, out) {
    return [viewNames.get(Object.getPrototypeOf(value)), attachView(value, out)];
  },
  revive(fields, inbound) {
    fieldCount(fields, 2, "typed array");
    const type = views.get(textField(fields[0], "typed array"));
    if (type === undefined) throw malformed("typed array");
    const buffer = inbound.buffer(indexField(fields[1], "typed array"));
    if (buffer.byteLength % (type.BYTES_PER_ELEMENT ?? 1) !== 0) throw malformed("typed array");
    return new type(buffer);
  },
};

/** A Buffer is a window on a pool more often than not, so it is always alone, and arrives as a window too: nothing is copied. */
const nodeBuffer: ValueKind = {
  tag: "Buffer",
  prototypes: [Buffer.prototype],
  reduce: (value: Buffer, out) => [out.attach(window(value))],
  revive(fields, inbound) {
    fieldCount(fields, 1, "Buffer");
    const bytes = inbound.attachment(indexField(fields[0], "Buffer"));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  },
};

const blob: ValueKind = {
  tag: "Blob",
  prototypes: [Blob.prototype],
  reduce: (value: Blob, out) => [out.attachLater(() => value.arrayBuffer()), value.type],
  revive(fields, inbound) {
    fieldCount(fields, 2, "Blob");
    const bytes = inbound.attachment(indexField(fields[0], "Blob")) as Uint8Array<ArrayBuffer>;
    return new Blob([bytes], { type: textField(fields[1], "Blob") });
  },
};

const file: ValueKind = {
  tag: "File",
  prototypes: [File.prototype],
  // In Bun the two classes share their prototype, so that a Blob comes by here: it has no name.
  reduce: (value: Blob & Partial<File>, out) => [
    out.attachLater(() => value.arrayBuffer()),
    value.type,
    value.name ?? null,
    value.lastModified,
  ],
  revive(fields, inbound) {
    fieldCount(fields, 4, "File");
    const bytes = inbound.attachment(indexField(fields[0], "File")) as Uint8Array<ArrayBuffer>;
    if (fields[2] === null) return new Blob([bytes], { type: textField(fields[1], "File") });
    const lastModified = fields[3];
    if (typeof lastModified !== "number") throw malformed("File");
    return new File([bytes], textField(fields[2], "File"), { type: textField(fields[1], "File"), lastModified });
  },
};

export const byteKinds: readonly ValueKind[] = [nodeBuffer, view, arrayBuffer, sharedArrayBuffer, blob, file];
