import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { test } from "node:test";
import { App } from "./app.ts";

/**
 * Each folder has a module and what it compiles to. Every closure in it is run in place and as a runner would run it.
 * `UPDATE_FIXTURES=1` writes the expected files anew; read the diff.
 */
const fixtures = join(import.meta.dirname, "fixtures");

for (const name of readdirSync(fixtures)) {
  const input = readdirSync(join(fixtures, name)).find((file) => file.startsWith("input."));
  assert.ok(input !== undefined, `${name} has no input`);
  const extension = extname(input);
  const source = readFileSync(join(fixtures, name, input), "utf8");
  const expectedFile = join(fixtures, name, `expected${extension}`);

  test(`fixture ${name}`, async (t) => {
    await using app = await App.create();
    const module = `src/${name}${extension}`;
    const result = app.compile(module, source);
    assert.ok(result !== null, "nothing was compiled");

    await t.test("compiles to what is expected", () => {
      if (process.env["UPDATE_FIXTURES"]) writeFileSync(expectedFile, result.code);
      assert.equal(result.code, readFileSync(expectedFile, "utf8"));
    });

    await t.test("moves no line of the original", () => {
      const head = / ?(?:import|const) \{ register.*?\}\); /;
      const marks = /\$flame\d*_closure\(".*?\], \(\) => \[.*?\], /g;
      // Each mark has a parenthesis that closes it, and which one that is makes no difference here.
      const plain = (text: string): string[] =>
        text.replace(head, "").replaceAll(marks, "").replaceAll(")", "").split("\n");
      const lines = source.split("\n").length - 1;
      assert.deepEqual(plain(result.code).slice(0, lines), plain(source).slice(0, lines));
    });

    await t.test("compiling what was compiled changes nothing", () => {
      assert.equal(app.compile(module, result.code), null);
    });

    // Node strips types, but not JSX.
    if (extension === ".tsx") return;
    await t.test("runs the same in place and elsewhere", async () => {
      const { default: run } = await app.run(module, source);
      if (typeof run === "function") await run();
      const ids = [...result.code.matchAll(/\{ id: "(.*?)", hash/g)].map(([, id]) => id);
      assert.deepEqual([...new Set(await app.exercised())].sort(), ids.sort());
    });
  });
}
