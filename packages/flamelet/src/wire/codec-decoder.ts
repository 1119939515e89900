import { unflatten } from "devalue";
import { FlameError, SerializationError } from "../errors.ts";
import type { Importer } from "./codec.ts";
import { type Flat, readText } from "./codec-grammar.ts";
import type { ValueLimits } from "./limits.ts";
import { DEVALUE_MARK } from "./text-forms.ts";
import { messageOf } from "./unsendable.ts";
import { type Inbound, indexField, malformed } from "./values/kind.ts";
import { kindTagged } from "./values/kinds.ts";

/** Decodes one value; see `Encoder` for its form. */
export class Decoder implements Inbound {
  readonly importer: Importer;
  readonly #attachments: readonly Uint8Array[];
  readonly #limits: ValueLimits;
  readonly #buffers = new Map<number, ArrayBuffer>();
  readonly #ids = new Set<number>();
  readonly #errors = new Set<unknown>();

  constructor(attachments: readonly Uint8Array[], importer: Importer, limits: ValueLimits) {
    this.importer = importer;
    this.#attachments = attachments;
    this.#limits = limits;
  }

  run(json: string): unknown {
    const { maxAttachments } = this.#limits;
    if (this.#attachments.length > maxAttachments)
      throw new SerializationError(`a value exceeds the limit of ${maxAttachments} sequences of bytes`);
    const flat = readText(json.slice(DEVALUE_MARK.length), this.#limits);
    let root: [unknown, unknown];
    try {
      root = unflatten(flat as unknown[], { $: (fields: readonly unknown[]) => this.#revive(fields) }) as typeof root;
    } catch (error) {
      if (error instanceof FlameError) throw error;
      throw new SerializationError(`a value cannot be read: ${messageOf(error)}`, "", { cause: error });
    }
    if (root[1] !== undefined) this.#applyLate(flat, root[1]);
    return root[0];
  }

  // --- what the kinds use ---

  attachment(index: number): Uint8Array {
    const bytes = this.#attachments[index];
    if (bytes === undefined) throw malformed("reference to bytes");
    return bytes;
  }

  buffer(index: number): ArrayBuffer {
    const known = this.#buffers.get(index);
    if (known !== undefined) return known;
    const bytes = this.attachment(index);
    const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
    const buffer = whole ? (bytes.buffer as ArrayBuffer) : new Uint8Array(bytes).buffer;
    this.#buffers.set(index, buffer);
    return buffer;
  }

  id(value: unknown): number {
    const id = indexField(value, "id");
    if (id === 0 || this.#ids.has(id)) throw malformed("id");
    this.#ids.add(id);
    return id;
  }

  madeError(error: object): void {
    this.#errors.add(error);
  }

  /** Called by devalue for each `["$", [...fields, tag]]`. */
  #revive(fields: readonly unknown[]): unknown {
    const tag = fields.at(-1);
    if (typeof tag !== "string") throw malformed("tag");
    const rest = fields.slice(0, -1);
    if (tag === "omitted") return undefined;
    if (tag === "home") return this.importer.home(indexField(rest[0], "id"));
    const kind = kindTagged(tag);
    if (kind === undefined) throw malformed("tag");
    return kind.revive(rest, this);
  }

  /** Sets the properties that had to wait. Only errors and arrays that this very value made can be meant. */
  #applyLate(flat: Flat, patches: unknown): void {
    if (!(patches instanceof Set)) throw malformed("list of late properties");
    const entries = flat[(flat[0] as number[])[1] as number] as readonly number[];
    let at = 1;
    for (const patch of patches as Set<unknown>) {
      const source = flat[entries[at++] as number] as readonly number[] | undefined;
      if (!Array.isArray(patch) || patch.length !== 3 || !Array.isArray(source)) throw malformed("late property");
      const [target, hidden, shown] = patch as unknown[];
      const made: unknown = flat[source[0] as number];
      const isArray = Array.isArray(target) && Array.isArray(made) && typeof made[0] !== "string";
      if (!isArray && !this.#errors.has(target)) throw malformed("late property");
      setProperties(target as object, hidden, false);
      setProperties(target as object, shown, true);
    }
  }
}

function setProperties(target: object, properties: unknown, enumerable: boolean): void {
  if (typeof properties !== "object" || properties === null || Object.getPrototypeOf(properties) !== Object.prototype)
    throw malformed("late property");
  for (const [key, value] of Object.entries(properties)) {
    if (Array.isArray(target) && (key === "length" || String(Number(key) >>> 0) === key))
      throw malformed("late property");
    if ((key === "stack" || key === "message") && typeof value !== "string") throw malformed("late property");
    Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
  }
}
