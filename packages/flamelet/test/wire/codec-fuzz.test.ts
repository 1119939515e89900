import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FlameError } from "../../src/errors.ts";
import { callback, ref } from "../../src/wire/by-reference.ts";
import { decode, encode, type Encoded } from "../../src/wire/codec.ts";
import { Unsendable } from "../../src/wire/unsendable.ts";
import { RecordingImporter, roundTrip } from "./codec-peer.ts";
import { snapshotPrototypes } from "./codec-prototypes.ts";
import { onBun } from "../runtimes.ts";

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
  withObjectString: true,
  withUnicodeString: true,
});

/** What is written as JSON, with stand-ins. */
const plain = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, maxDepth: 1 });

/** One text of each kind, to be damaged. */
function samples(): Encoded[] {
  const error: Error & { self?: unknown } = new AggregateError([new TypeError("a")], "b", { cause: { c: 1 } });
  error.self = error;
  return [
    [1, -0, "two", null, undefined, true, 5n, "\0", new Date(0)],
    { plain: ["as JSON", { is: 1 }] },
    Array.from({ length: 20 }, (_, n) => ({ n, date: new Date(n), nothing: undefined })),
    { a: { b: [{ c: new Date(0) }, /x/g, new URL("http://a.example/?b")] } },
    new Map<unknown, unknown>([[new Set([1]), Object.assign(Object.create(null), { a: 1 })]]),
    [error, new DOMException("a", "AbortError"), Object(5), Object.assign([1], { x: 2 })],
    [new Uint8Array(8), new Float64Array(2), Buffer.from("x"), new ArrayBuffer(4), new Blob(["x"])],
    [callback(() => {}), Promise.resolve(), new AbortController().signal, AbortSignal.abort(1), ref({ f() {} })],
    [new ReadableStream(), new WritableStream(), (async function* () {})(), Object.assign([], { 9999: 1 })],
    [new Headers({ a: "b" }), new Response("x"), new Request("http://a.example", { method: "POST", body: "x" })],
  ].map((value) => encode(value));
}

/** Whatever came, either it is a value or the error is typed. */
function survives(json: string, attachments: readonly Uint8Array[]): void {
  const importer = new RecordingImporter();
  try {
    decode(json, attachments, importer);
  } catch (error) {
    assert.ok(error instanceof FlameError, `not a typed error: ${String((error as Error)?.stack)} for ${json}`);
  }
}

describe("values of all kinds", () => {
  test("arrive deeply equal", { skip: onBun("its deepStrictEqual tells such values apart") }, () => {
    fc.assert(
      fc.property(anything, (value) => {
        let got: unknown;
        try {
          got = roundTrip(value);
        } catch (error) {
          // The one thing that is among them and does not cross.
          assert.ok(error instanceof Unsendable && error.path.endsWith("__proto__"), String(error));
          return;
        }
        assert.deepStrictEqual(got, value);
      }),
      { numRuns: 500 },
    );
  });

  test(
    "in many objects with much the same keys",
    { skip: onBun("its deepStrictEqual tells such values apart") },
    () => {
      const row = fc.oneof(
        { weight: 200, arbitrary: fc.record({ id: fc.nat(), a: plain, b: plain }, { noNullPrototype: true }) },
        { weight: 1, arbitrary: anything },
      );
      fc.assert(
        fc.property(fc.array(row, { minLength: 15, maxLength: 24 }), fc.nat(60), (rows, again) => {
          const value = again < rows.length ? [...rows, rows[again]] : rows;
          let got: unknown[];
          try {
            got = roundTrip(value) as unknown[];
          } catch (error) {
            assert.ok(error instanceof Unsendable && error.path.endsWith("__proto__"), String(error));
            return;
          }
          assert.deepStrictEqual(got, value);
          value.forEach((each, i) => {
            if (typeof each === "object" && each !== null)
              assert.deepEqual(Object.keys(got[i] as object), Object.keys(each));
          });
        }),
        { numRuns: 200 },
      );
    },
  );

  test("graphs arrive with the same shape, cycles included", () => {
    const graph = fc.array(fc.tuple(fc.nat(3), fc.array(fc.nat(9), { maxLength: 4 })), {
      minLength: 10,
      maxLength: 10,
    });
    fc.assert(
      fc.property(graph, (nodes) => {
        const made = nodes.map(([kind]): any => [{}, [], new Map(), new Set()][kind]);
        nodes.forEach(([kind, edges], i) => {
          edges.forEach((to, n) => {
            if (kind === 0) made[i][`k${n}`] = made[to];
            else if (kind === 1) made[i].push(made[to]);
            else if (kind === 2) made[i].set(n, made[to]);
            else made[i].add(made[to]);
          });
        });
        assert.equal(shape(roundTrip(made)), shape(made));
      }),
      { numRuns: 300 },
    );
  });
});

/** Writes a graph of collections as text, with a number for each at its first occurrence. */
function shape(root: unknown): string {
  const numbers = new Map<unknown, number>();
  const write = (value: unknown): string => {
    if (typeof value !== "object" || value === null) return String(value);
    const known = numbers.get(value);
    if (known !== undefined) return `#${known}`;
    numbers.set(value, numbers.size);
    const members: unknown[] =
      value instanceof Map || value instanceof Set ? [...value].flat() : Object.entries(value).flat();
    return `${value.constructor.name}(${members.map(write).join()})`;
  };
  return write(root);
}

describe("damaged texts give typed errors and change no prototype", () => {
  const intact = snapshotPrototypes();
  const encoded = samples();
  const sample = fc.constantFrom(...encoded);

  test("cut short", () => {
    for (const { json, attachments } of encoded)
      for (let length = 0; length < json.length; length++) survives(json.slice(0, length), attachments);
    intact();
  });

  test("with characters replaced", () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'0123456789-[]{},:"$nulEr')), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(sample, edits, ({ json, attachments }, changes) => {
        const characters = [...json];
        for (const [at, character] of changes) characters[at % characters.length] = character;
        survives(characters.join(""), attachments);
      }),
      { numRuns: 3_000 },
    );
    intact();
  });

  test("with entries replaced by others, and by anything that JSON can say", () => {
    const flat = encoded.filter(({ json }) => json.startsWith("!"));
    const tags = flat.flatMap(({ json }) =>
      (JSON.parse(json.slice(1)) as unknown[]).filter((entry) => typeof entry === "string"),
    );
    const entry = fc.oneof(
      fc.constantFrom(...tags, "__proto__", "constructor", "then"),
      fc.integer({ min: -8, max: 40 }),
      fc.array(fc.oneof(fc.integer({ min: -8, max: 40 }), fc.constantFrom("$", "Set", "Map", "null", "Object"))),
      fc.dictionary(fc.constantFrom("a", "__proto__", "then", "length", "stack"), fc.integer({ min: -8, max: 40 })),
      fc.jsonValue(),
    );
    const edits = fc.array(fc.tuple(fc.nat(), entry), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom(...flat), edits, ({ json, attachments }, changes) => {
        const entries = JSON.parse(json.slice(1)) as unknown[];
        for (const [at, other] of changes) entries[at % entries.length] = other;
        survives(`!${JSON.stringify(entries)}`, attachments);
      }),
      { numRuns: 5_000 },
    );
    intact();
  });

  test("with anything that JSON can say in texts that are JSON", () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.constantFrom("\0m", "\0s", "\0t"),
      fc.tuple(fc.constantFrom(..."\0undi-"), fc.string()).map(([a, b]) => `\0${a}${b}`),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, leaf, fc.double(), fc.boolean(), tie("list"), tie("record")),
      list: fc.array(tie("tree"), { maxLength: 4 }),
      record: fc.dictionary(fc.oneof(leaf, fc.constantFrom("__proto__", "then", "constructor")), tie("tree")),
    }));
    fc.assert(
      fc.property(tree, fc.boolean(), (value, escaped) =>
        survives(JSON.stringify(escaped ? ["\0", value] : value), []),
      ),
      { numRuns: 2_000 },
    );
    intact();
  });

  test("with other bytes beside them", () => {
    const attachments = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 });
    fc.assert(
      fc.property(sample, attachments, ({ json }, others) => survives(json, others)),
      { numRuns: 500 },
    );
    intact();
  });

  test("made of nothing but noise", () => {
    fc.assert(
      fc.property(fc.constantFrom("", "!"), fc.oneof(fc.string(), fc.json()), (mark, text) =>
        survives(mark + text, []),
      ),
      { numRuns: 1_000 },
    );
    intact();
  });
});
