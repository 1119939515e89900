/** That what is put together from a source has the source map that magic-string would give it. */
import assert from "node:assert/strict";
import { SourceMap } from "node:module";
import { test } from "node:test";
import fc from "fast-check";
import MagicString, { Bundle } from "magic-string";
import { MappedText } from "../../src/compile/mapped-text.ts";

const FILE = "/app/src/a.ts";

const text = fc
  .array(fc.constantFrom("a", "B2", "_", "x".repeat(70), " ", "\t", ";", "é", "𝒳", "\n", "\r\n", "\uFEFF"), {
    maxLength: 60,
  })
  .map((parts) => parts.join(""));

/** A source, and parts of it with what is put into them, by numbers from 0 to 1. */
const sources = fc.record({
  source: text.map((each) => `${each}a`),
  parts: fc.array(
    fc.record({
      ends: fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
      insertions: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), text), { maxLength: 4 }),
      before: text,
    }),
    { maxLength: 4 },
  ),
});

test("all parts are mapped to where they were", () => {
  fc.assert(
    fc.property(sources, ({ source, parts }) => {
      const mapped = new MappedText(source, FILE);
      const bundle = new Bundle();
      for (const { ends, insertions, before } of parts) {
        const [start, end] = ends.map((each) => Math.floor(each * source.length)).sort((a, b) => a - b) as [
          number,
          number,
        ];
        if (start === end) continue;
        const inside = insertions
          .map(([at, inserted]) => ({ at: start + Math.floor(at * (end - start)), text: inserted }))
          .filter(({ at }) => at > start)
          .sort((a, b) => a.at - b.at);
        mapped.add(before);
        mapped.copy(start, end, inside);
        const part = new MagicString(source);
        for (const each of inside) part.appendLeft(each.at, each.text);
        if (start > 0) part.remove(0, start);
        part.remove(end, source.length).prepend(before);
        bundle.addSource({ filename: FILE, content: part, separator: "" });
      }
      assert.equal(mapped.code, bundle.toString());
      assert.equal(mapped.map.mappings, bundle.generateMap({ hires: "boundary" }).mappings);
    }),
    { numRuns: 500 },
  );
});

test("a generated source is mapped to its originals, and what is in none of them to nothing", () => {
  const source = "one two\nthree four\nfive";
  const mapped = new MappedText(source, FILE, (line, column) =>
    line === 1 ? null : { file: `/app/${line}.txt`, line: 1_000 - line, column: 100_000 + column },
  );
  mapped.add("/* new */ ");
  mapped.copy(0, source.length, [{ at: 4, text: "new ".repeat(20_000) }]);
  assert.deepEqual(mapped.map.sources, ["/app/0.txt", "/app/2.txt"]);
  const map = new SourceMap({ ...mapped.map, file: "", sourceRoot: "", sourcesContent: [] });
  const originOf = (word: string): unknown => {
    const lines = mapped.code.slice(0, mapped.code.indexOf(word)).split("\n");
    const entry = map.findEntry(lines.length - 1, lines.at(-1)?.length ?? 0);
    return "originalSource" in entry ? [entry.originalSource, entry.originalLine, entry.originalColumn] : null;
  };
  assert.deepEqual(originOf("one"), ["/app/0.txt", 1_000, 100_000]);
  assert.deepEqual(originOf("two"), ["/app/0.txt", 1_000, 100_004]);
  assert.deepEqual(originOf("five"), ["/app/2.txt", 998, 100_000]);
  const segments = mapped.map.mappings.split(";").map((line) => line.split(",").filter(Boolean).length);
  assert.deepEqual(segments, [3, 0, 1]);
});
