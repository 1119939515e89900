import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compile } from "../../src/compile/compile.ts";
import { CompileError } from "../../src/compile/diagnostic.ts";
import { REFUSALS } from "../../src/compile/refusals.ts";

/**
 * Each folder has a module that is refused, and what its author is told. `UPDATE_FIXTURES=1` writes the messages anew; read
 * the diff as if you were that author.
 */
const directory = join(import.meta.dirname, "refusals");
const names = readdirSync(directory);

test("every refusal has a fixture", () => {
  assert.deepEqual(
    names.sort(),
    Object.keys(REFUSALS)
      .map((refusal) => refusal.replace(" ", "-"))
      .sort(),
  );
});

for (const name of names)
  test(`refuses as in ${name}`, () => {
    const input = readdirSync(join(directory, name)).find((file) => file.startsWith("input.")) ?? "";
    const source = readFileSync(join(directory, name, input), "utf8");
    const file = join(directory, name, "message.txt");
    assert.throws(
      () => compile(source, { file: `/app/src/${input}`, root: "/app" }),
      (error) => {
        assert.ok(error instanceof CompileError);
        if (process.env["UPDATE_FIXTURES"]) writeFileSync(file, `${error.message}\n`);
        assert.equal(`${error.message}\n`, readFileSync(file, "utf8"));
        return true;
      },
    );
  });
