/** No row is without a test, no test without a row, and the document tells of all of them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ROWS, rowsOf } from "../../conformance/rows.ts";
import { namedTests, PACKAGE } from "../../conformance/sources.ts";

const tests = namedTests();
const document = readFileSync(new URL("../../docs/conformance.md", PACKAGE), "utf8");

test("each row that applies has a test that bears its name, and no other row has", () => {
  const pinned = new Set(tests.flatMap(({ name }) => rowsOf(name)));
  for (const { id, kind } of ROWS) assert.equal(pinned.has(id), kind !== "none", id);
});

test("each test that names a row names one that there is", () => {
  const known = new Set(ROWS.map(({ id }) => id));
  assert.equal(known.size, ROWS.length);
  for (const { file, name } of tests) for (const id of rowsOf(name)) assert.ok(known.has(id), `${file}: ${name}`);
});

test("each row that does not apply says why", () => {
  for (const { id, kind, note } of ROWS) if (kind === "none") assert.ok(note, id);
});

test("the document lists each row, what it promises, its tests and that they pass", () => {
  for (const { id, kind, behaviour } of ROWS) {
    const line = document.split("\n").find((one) => one.startsWith(`| ${id} |`));
    assert.ok(
      line !== undefined && line.includes(behaviour),
      `${id} is not in docs/conformance.md as it is now: npm run conformance`,
    );
    assert.match(line, kind === "none" ? / – \|$/ : / pass \|$/);
    for (const { file } of tests.filter(({ name }) => rowsOf(name).includes(id)))
      assert.ok(line.includes(`packages/flamelet/${file}`), `${file} of ${id}: npm run conformance`);
  }
});
