import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REFUSALS, type Refusal } from "../../src/compile/refusals.ts";

const page = join(import.meta.dirname, "../../../../docs/closures.md");
const SECTION = /(<!-- refusals: .*? -->\n)[^]*?(<!-- \/refusals -->)/;

/** The refusals as the page shows them. */
function table(): string {
  const rows = (Object.keys(REFUSALS) as Refusal[]).map((refusal) => {
    const { what, instead } = REFUSALS[refusal](refusal === "private name" ? "#x" : "x", "call");
    const cells = [what, instead];
    return `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| it … | instead |", "| --- | --- |", ...rows].join("\n").concat("\n");
}

test("docs/closures.md lists every refusal with its cure; UPDATE_FIXTURES=1 writes it anew", () => {
  const text = readFileSync(page, "utf8");
  const expected = text.replace(SECTION, (_, start: string, end: string) => `${start}${table()}${end}`);
  if (process.env["UPDATE_FIXTURES"]) writeFileSync(page, expected);
  assert.equal(readFileSync(page, "utf8"), expected);
  assert.match(text, SECTION);
});
