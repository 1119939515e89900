import { stringify, type StringifyOperations } from "devalue";
import { SerializationError } from "../errors.ts";
import { nextExportId, originOf, refTarget } from "./by-reference.ts";
import type { Encoded, Export, Home } from "./codec.ts";
import { Trail } from "./codec-trail.ts";
import type { ValueLimits } from "./limits.ts";
import { DEVALUE_MARK } from "./text-forms.ts";
import { describe, messageOf, type Segment, Unsendable } from "./unsendable.ts";
import { cannot, type Outbound } from "./values/kind.ts";
import { kindOf } from "./values/kinds.ts";
import { reduceFunction, refKind } from "./values/live.ts";
import { isNative, isPlain, isPlainArray, namedProperties, nativeTag, refusal } from "./values/native.ts";
import { iterable } from "./values/streams.ts";

/** Properties that are to be set on `patch[0]` when everything else exists. */
interface Late {
  readonly patch: readonly [target: object, hidden: object, shown: object];
  readonly path: readonly Segment[];
  /** Whether what cannot cross is left out rather than refused. */
  readonly lenient: boolean;
}

/** Stands for what hangs off an error and cannot cross. */
const OMITTED: readonly unknown[] = ["omitted"];

/**
 * Encodes one value. devalue writes the text of `[value, late]`; each object that it does not know itself is first
 * replaced by `["$", [...fields, tag]]`. `late` is a Set of properties that are set at the end, since devalue cannot
 * revive a value of ours that contains itself; it grows while it is being written, as a Set may.
 */
export class Encoder implements Outbound {
  readonly implicitCallbacks: boolean;
  readonly #limits: ValueLimits;
  readonly #trail = new Trail();
  readonly #exports: Export[] = [];
  readonly #homes: Home[] = [];
  readonly #attachments: Uint8Array[] = [];
  readonly #buffers = new Map<ArrayBuffer, number>();
  readonly #reads: (() => Promise<void>)[] = [];
  readonly #late = new Set<Late>();
  /** Objects whose fields are being written and hold values of the app, to notice one that contains itself. */
  readonly #open = new Map<object, readonly unknown[]>();
  #prefix: readonly Segment[] = [];
  #lenient = false;
  #nodes = 0;
  /** The fields that were given to devalue last: it visits them next, and they are no part of the value. */
  #fields: readonly unknown[] | null = null;
  /** What these fields are those of. */
  #original: unknown = null;

  constructor(implicitCallbacks: boolean, limits: ValueLimits) {
    this.implicitCallbacks = implicitCallbacks;
    this.#limits = limits;
  }

  run(value: unknown): Encoded {
    const root = [value, undefined];
    this.#setFields(root, value);
    let json: string;
    try {
      const reducers = { $: (each: unknown) => this.#reduce(each) };
      json = DEVALUE_MARK + stringify(root, reducers, { operations: this.#operations(root) });
    } catch (error) {
      if (error instanceof Unsendable) throw error;
      throw this.#unreadable(value, error);
    }
    const { maxTextLength } = this.#limits;
    if (json.length > maxTextLength)
      throw new Unsendable([], describe(value), `its text is longer than the limit of ${maxTextLength} characters`);
    this.#checkSize(value, json);
    const check = (): void => this.#checkSize(value, json);
    const ready = this.#reads.length === 0 ? null : Promise.all(this.#reads.map((read) => read())).then(check);
    // A call may be given up before anybody waits for its bytes.
    ready?.catch(() => {});
    return { json, attachments: this.#attachments, exports: this.#exports, homes: this.#homes, ready };
  }

  #checkSize(value: unknown, json: string): void {
    const { maxBytes } = this.#limits;
    let bytes = json.length > 1024 * 1024 ? Buffer.byteLength(json) : json.length;
    for (const attachment of this.#attachments) bytes += attachment.byteLength;
    if (bytes <= maxBytes) return;
    const [is, may] = [bytes, maxBytes].map((n) => `${Math.ceil(n / 2 ** 20)} MiB`);
    throw new Unsendable([], describe(value), `it is ${is} long, and one value may be ${may}: send a stream instead`);
  }

  // --- what the kinds use ---

  attach(bytes: Uint8Array): number {
    const { maxAttachments } = this.#limits;
    if (this.#attachments.length >= maxAttachments)
      throw cannot("bytes", `the value has more than ${maxAttachments} sequences of bytes`);
    return this.#attachments.push(bytes) - 1;
  }

  attachBuffer(buffer: ArrayBuffer): number {
    const known = this.#buffers.get(buffer);
    if (known !== undefined) return known;
    const index = this.attach(new Uint8Array(buffer));
    this.#buffers.set(buffer, index);
    return index;
  }

  attachLater(read: () => Promise<ArrayBuffer>): number {
    const index = this.attach(new Uint8Array(0));
    this.#reads.push(async () => {
      try {
        this.#attachments[index] = new Uint8Array(await read());
      } catch (error) {
        throw new SerializationError(`a Blob cannot be read: ${messageOf(error)}`, "", { cause: error });
      }
    });
    return index;
  }

  keep(entry: Omit<Export, "id">): number {
    if (this.#lenient) throw cannot(describe(entry.value), "nothing live may hang off an error");
    const id = nextExportId();
    this.#exports.push({ id, ...entry });
    return id;
  }

  later(target: object, hidden: Record<string, unknown>, shown: Record<string, unknown>): void {
    if (Object.keys(hidden).length === 0 && Object.keys(shown).length === 0) return;
    const lenient = !Array.isArray(target);
    this.#late.add({ patch: [target, hidden, shown], path: this.#path(), lenient });
  }

  // --- what devalue asks ---

  #operations(root: readonly unknown[]): Partial<StringifyOperations> {
    const trail = this.#trail;
    return {
      // An object that is open is told apart from itself, so that it comes to the reducer again and is refused there.
      identify: (value: object) => (this.#open.size > 0 && this.#open.has(value) ? {} : value),
      isThenable: () => false,
      tagOf: nativeTag,
      toISOString: (date: Date) =>
        Number.isNaN(Date.prototype.getTime.call(date)) ? "" : Date.prototype.toISOString.call(date),
      lengthOf: (array: unknown[]) => {
        if (array === this.#fields) trail.enterFields(array, this.#original);
        else trail.enter(array);
        return array.length;
      },
      shapeOf: (value: object) => {
        trail.enter(value);
        return { kind: Object.getPrototypeOf(value) === null ? "null-proto" : "plain", keys: Object.keys(value) };
      },
      get: (collection: Record<string | number, unknown>, key) => {
        trail.at(collection, key);
        if (this.#open.size > 0) this.#leave(collection, key);
        if ((collection as unknown) === root && key === 1) return this.#late.size > 0 ? this.#late : undefined;
        try {
          return collection[key];
        } catch (error) {
          if (this.#lenient) return undefined;
          throw new Unsendable(this.#path(), "getter", `it threw: ${messageOf(error)}`, error);
        }
      },
      valuesOf: (set: Set<unknown>) => {
        if ((set as unknown) === this.#late) return this.#patches();
        trail.enter(set);
        return this.#values(set);
      },
      entriesOf: (map: Map<unknown, unknown>) => {
        trail.enter(map);
        return this.#entries(map);
      },
    };
  }

  *#patches(): Iterable<unknown> {
    this.#trail.enterFields(this.#late, this.#late);
    for (const late of this.#late) {
      this.#trail.at(this.#late, 0);
      this.#prefix = late.path;
      this.#lenient = late.lenient;
      this.#setFields(late.patch, late.patch);
      yield late.patch;
    }
  }

  *#values(set: Set<unknown>): Iterable<unknown> {
    let index = 0;
    for (const value of Set.prototype.values.call(set)) {
      this.#trail.at(set, { index: index++, value });
      yield value;
    }
  }

  *#entries(map: Map<unknown, unknown>): Iterable<[unknown, unknown]> {
    let index = 0;
    for (const entry of Map.prototype.entries.call(map)) {
      this.#trail.at(map, { index: index++, key: entry[0], value: entry[1] });
      yield entry;
    }
  }

  /** Called by devalue for everything that it meets the first time. */
  #reduce(value: unknown): readonly unknown[] | undefined {
    this.#nodes += 1;
    if (this.#nodes > this.#limits.maxNodes)
      throw new Unsendable([], "value", `it has more than ${this.#limits.maxNodes} parts`);
    switch (typeof value) {
      case "object":
      case "function":
        return value === null || value === this.#fields ? undefined : this.#reduceSafely(value);
      case "string":
        if (value.length > this.#limits.maxStringLength)
          return this.#tooLong(value, `${this.#limits.maxStringLength} characters`);
        return undefined;
      case "bigint":
        if (isShort(value) || String(value).length <= this.#limits.maxBigIntDigits) return undefined;
        return this.#tooLong(value, `${this.#limits.maxBigIntDigits} digits`);
      case "symbol":
        return this.#refuse(value, cannot("symbol", "symbols do not cross"));
      default:
        return undefined;
    }
  }

  #tooLong(value: unknown, limit: string): readonly unknown[] {
    return this.#refuse(value, cannot(typeof value, `it is longer than the limit of ${limit}`));
  }

  #reduceSafely(value: object): readonly unknown[] | undefined {
    try {
      const fields = this.#reduceObject(value);
      return fields === undefined ? undefined : this.#setFields(fields, value);
    } catch (error) {
      return this.#refuse(value, error);
    }
  }

  /** The fields and the tag of an object that is of a kind of ours; undefined when devalue can write it. */
  #reduceObject(value: object): readonly unknown[] | undefined {
    const { maxDepth } = this.#limits;
    if (this.#trail.depth >= maxDepth)
      throw cannot(describe(value), `it lies deeper than the limit of ${maxDepth} levels`);
    if (this.#open.has(value)) throw cannot(describe(value), "it contains itself, so that no codec can make it again");
    const origin = originOf(value);
    if (origin !== undefined) {
      this.#homes.push(origin);
      return [origin.id, "home"];
    }
    if (typeof value === "function") return reduceFunction(value as () => unknown, this);
    if (refTarget(value) !== undefined) return [...refKind.reduce(value as never, this), refKind.tag];
    const prototype: object | null = Object.getPrototypeOf(value);
    if (Array.isArray(value)) return this.#checkArray(value, prototype);
    if (prototype === null || isPlain(prototype)) return this.#reducePlain(value);
    if (isNative(value, prototype)) return undefined;
    const kind = kindOf(value, prototype);
    if (kind === undefined) throw refusal(value);
    const fields = [...kind.reduce(value as never, this), kind.tag];
    if (kind.nests === true) this.#open.set(value, fields);
    return fields;
  }

  #checkArray(array: unknown[], prototype: object | null): undefined {
    if (!isPlainArray(prototype)) throw refusal(array);
    const { maxArrayLength } = this.#limits;
    if (array.length > maxArrayLength) throw cannot("Array", `it is longer than the limit of ${maxArrayLength}`);
    const named = namedProperties(array);
    if (named === null) return;
    refuseProto(named);
    this.later(array, {}, named);
  }

  #reducePlain(value: object): readonly unknown[] | undefined {
    if (Symbol.asyncIterator in value) return [...iterable.reduce(value as never, this), iterable.tag];
    refuseProto(value);
    for (const key of Object.getOwnPropertySymbols(value))
      if (Object.getOwnPropertyDescriptor(value, key)?.enumerable === true)
        throw cannot("symbol", `the key ${String(key)} is a symbol, and symbols do not cross`);
    return undefined;
  }

  /** Nothing is open any more whose last field, the tag, is being read. */
  #leave(collection: unknown, key: string | number): void {
    for (const [value, fields] of this.#open) {
      if (fields === collection && key === fields.length - 1) this.#open.delete(value);
    }
  }

  #setFields(fields: readonly unknown[], original: unknown): readonly unknown[] {
    this.#fields = fields;
    this.#original = original;
    return fields;
  }

  /** Throws `error` as seen from the whole value; behind an error, leaves `value` out instead. */
  #refuse(value: unknown, error: unknown): readonly unknown[] {
    if (this.#lenient) return this.#setFields(OMITTED, OMITTED);
    if (!(error instanceof Unsendable)) throw this.#unreadable(value, error);
    throw new Unsendable([...this.#path(value), ...error.segments], error.found, error.why, error.cause);
  }

  #unreadable(value: unknown, error: unknown): Unsendable {
    return new Unsendable(this.#path(value), describe(value), `it cannot be read: ${messageOf(error)}`, error);
  }

  #path(member?: unknown): Segment[] {
    return [...this.#prefix, ...this.#trail.segments(member)];
  }
}

/** An own key of that name would become the prototype of whatever is made from it carelessly. */
function refuseProto(value: object): void {
  if (Object.hasOwn(value, "__proto__"))
    throw new Unsendable(["__proto__"], "own property", "a property of that name does not cross");
}

/** Spares ordinary ones the text of their digits. */
function isShort(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
