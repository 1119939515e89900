import assert from "node:assert/strict";
import { decode, encode, type Encoded, type EncodeOptions, type Export, type Importer } from "../../src/wire/codec.ts";
import { Unsendable } from "../../src/wire/unsendable.ts";

/** A stand-in that says what it stands for. */
export interface StandIn {
  readonly standIn: string;
  readonly id: number;
  readonly detail?: unknown;
}

/** An importer whose stand-ins are plain data or inert objects of the right class. */
export class RecordingImporter implements Importer {
  readonly imported: StandIn[] = [];
  readonly homes = new Map<number, unknown>();

  #note(standIn: string, id: number, detail?: unknown): void {
    this.imported.push(detail === undefined ? { standIn, id } : { standIn, id, detail });
  }
  function(id: number): (...args: unknown[]) => Promise<unknown> {
    this.#note("function", id);
    return async (...args) => [id, args];
  }
  object(id: number, methods: readonly string[]): object {
    this.#note("object", id, methods);
    return Object.fromEntries(methods.map((name, index) => [name, async () => index]));
  }
  readable(id: number, info: { readonly bytes: boolean }): ReadableStream {
    this.#note("readable", id, info.bytes);
    return new ReadableStream();
  }
  writable(id: number): WritableStream {
    this.#note("writable", id);
    return new WritableStream();
  }
  iterable(id: number): AsyncIterable<unknown> {
    this.#note("iterable", id);
    return (async function* () {})();
  }
  promise(id: number): Promise<unknown> {
    this.#note("promise", id);
    return new Promise(() => {});
  }
  signal(id: number): AbortSignal {
    this.#note("signal", id);
    return new AbortController().signal;
  }
  home(id: number): unknown {
    this.#note("home", id);
    return this.homes.get(id);
  }
}

/** What arrives, decoded from copies, as if it had gone over a wire. */
export function arrive(encoded: Encoded, importer: Importer = new RecordingImporter()): unknown {
  return decode(
    encoded.json,
    encoded.attachments.map((bytes) => bytes.slice()),
    importer,
  );
}

/** Sends a value to ourselves. */
export function roundTrip(value: unknown, options?: EncodeOptions): any {
  return arrive(encode(value, options));
}

/** The refusal that encoding this raises. */
export function refusalOf(value: unknown, options?: EncodeOptions): Unsendable {
  try {
    encode(value, options);
  } catch (error) {
    assert.ok(error instanceof Unsendable, `not an Unsendable: ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

/** The only thing that was exported. */
export function onlyExport(encoded: Encoded): Export {
  assert.equal(encoded.exports.length, 1);
  return encoded.exports[0] as Export;
}

/** A plain object that has `then` and nothing else. */
export function thenable(then: unknown): Record<string, unknown> {
  // oxlint-disable-next-line unicorn/no-thenable -- that nobody awaits one is what is tested
  return { then };
}
