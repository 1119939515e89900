import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { before, test } from "node:test";
import { parseModule } from "../../src/compile/parse.ts";
import { App } from "./app.ts";
import { runForReal, type Ran } from "./real-app.ts";

/**
 * Each folder has a module, what it compiles to, and perhaps modules that it imports. Every function in it that is given to
 * a verb runs in place, as a runner would run it, and in a real runner. Build first. `UPDATE_FIXTURES=1` writes the expected
 * files anew; read the diff.
 */
const directory = join(import.meta.dirname, "fixtures");

/** Node strips types, but has no JSX, decorators or enums. */
const NOT_RUN = new Set(["jsx", "decorators", "typescript-only"]);

const fixtures = readdirSync(directory).map((name) => {
  const files = readdirSync(join(directory, name));
  const input = files.find((file) => file.startsWith("input."));
  assert.ok(input !== undefined, `${name} has no input`);
  const expected = join(directory, name, `expected${extname(input)}`);
  const beside = files.filter((file) => file !== input && !file.startsWith("expected."));
  return { name, expected, beside, module: `${name}/${input}`, runs: !NOT_RUN.has(name) };
});

const read = (module: string): string => readFileSync(join(directory, module), "utf8");
const idsIn = (code: string): string[] => [...code.matchAll(/\{ id: "(.*?)", hash/g)].map(([, id = ""]) => id);

let ran: Record<string, Ran>;
before(async () => {
  ran = await runForReal(
    directory,
    fixtures.filter(({ runs }) => runs).map(({ module }) => module),
  );
});

for (const { name, expected, beside, module, runs } of fixtures)
  test(`fixture ${name}`, async (t) => {
    await using app = await App.create();
    const source = read(module);
    for (const file of beside) await app.write(`${name}/${file}`, read(`${name}/${file}`));
    for (const file of beside) await app.add(`${name}/${file}`, read(`${name}/${file}`));
    const result = app.compile(module, source);
    assert.ok(result !== null, "nothing was compiled");

    await t.test("compiles to what is expected", () => {
      if (process.env["UPDATE_FIXTURES"]) writeFileSync(expected, result.code);
      assert.equal(result.code, readFileSync(expected, "utf8"));
    });

    await t.test("moves no line of the original", () => {
      const head = / ?(?:import|const) \{ register.*?\}\); /;
      const marks = /\$flame\d*_closure\(".*?\], \(\) => \[.*?\], \$flame\d*_\d+, /g;
      // Each mark has a parenthesis that closes it, and which one that is makes no difference here.
      const plain = (text: string): string[] =>
        text.replace(head, "").replaceAll(marks, "").replaceAll(")", "").split("\n");
      const lines = source.split("\n").length - 1;
      assert.deepEqual(plain(result.code).slice(0, lines), plain(source).slice(0, lines));
    });

    await t.test("compiling what was compiled changes nothing", () => {
      assert.equal(parseModule(result.code, module)?.strayed, false, "it cannot be parsed any more");
      assert.equal(app.compile(module, result.code), null);
    });

    if (!runs) return;
    const functions = [...idsIn(result.code), ...beside.flatMap((file) => app.idsOf(`${name}/${file}`))].sort();
    await t.test("runs the same in place and by its id", async () => {
      const { default: run } = await app.run(module, source);
      if (typeof run === "function") await run();
      assert.deepEqual([...new Set(await app.exercised())].sort(), functions);
    });

    await t.test("runs the same in place and in a real runner", () => {
      const { error, ids = [] } = ran[module] ?? {};
      assert.equal(error, undefined);
      const own = ids.filter((id) => id.includes("#"));
      assert.deepEqual([...new Set(own)].sort(), functions);
    });
  });
