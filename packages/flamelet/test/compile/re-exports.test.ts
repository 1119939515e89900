import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { mayHaveClosures } from "../../src/compile/app-modules.ts";
import { compile } from "../../src/compile/compile.ts";
import { App } from "./app.ts";

const USES = 'import { flame } from "./flame.ts";\nexport const f = (x) => flame.call("p", () => x);\n';
const PASSES = 'export { flame } from "flamelet";\n';

/** What hands flame on: the modules beside the one that uses it, and whether it gets there. */
const HANDED: Record<string, [files: Record<string, string>, found: boolean]> = {
  "under its own name": [{ "flame.ts": PASSES }, true],
  "as a default that is imported by a name": [
    {
      "flame.ts": 'export { default as flame } from "./b.ts";',
      "b.ts": 'import { flame } from "flamelet"; export default flame;',
    },
    true,
  ],
  "by an export of all": [{ "flame.ts": 'export * from "./b.js";', "b.ts": PASSES }, true],
  "by a folder": [{ "flame.ts": 'export * from "./lib";', "lib/index.ts": PASSES }, true],
  "under a name that is a string": [
    { "flame.ts": 'export { "a b" as flame } from "./b.ts";', "b.ts": 'export { flame as "a b" } from "flamelet";' },
    true,
  ],
  "in CommonJS": [{ "flame.ts": 'const { flame } = require("flamelet"); exports.flame = flame;' }, true],
  "in CommonJS, all at once": [
    { "flame.ts": 'const { flame } = require("flamelet"); module.exports = { other: 1, flame };' },
    true,
  ],
  "through modules that import each other": [
    {
      "flame.ts": 'export * from "./b.ts"; export * from "./c.ts";',
      "b.ts": 'export * from "./flame.ts";',
      "c.ts": PASSES,
    },
    true,
  ],
  "through modules that only import each other": [
    { "flame.ts": 'export * from "./b.ts";', "b.ts": 'export { flame } from "./flame.ts";' },
    false,
  ],
  "under another name": [{ "flame.ts": 'export { flame as fire } from "flamelet";' }, false],
  "with a type": [
    { "flame.ts": 'import { flame as f } from "flamelet"; export const flame: () => void = f as never;' },
    true,
  ],
  "out of something bigger": [
    { "flame.ts": 'import * as all from "flamelet";\nexport const {\n  flame,\n} = all;\n', "b.ts": "" },
    true,
  ],
  "by a dynamic import": [{ "flame.ts": 'export const flame = (await import("flamelet")).flame\n' }, true],
  "as a default with a type": [
    {
      "flame.ts": 'export { default as flame } from "./b.ts";',
      "b.ts": 'import { flame } from "flamelet"; export default (flame) satisfies unknown',
    },
    true,
  ],
  "as a type": [{ "flame.ts": 'export type { flame } from "flamelet";' }, false],
  "as something of its own": [{ "flame.ts": 'import "flamelet"; export const flame = { call() {} };' }, false],
  "as a variable that may change": [
    { "flame.ts": 'import { flame as f } from "flamelet"; export let flame = f;' },
    false,
  ],
  "not as a default, by an export of all": [
    {
      "flame.ts": 'export * from "./b.ts"; export { default as flame } from "./c.ts";',
      "b.ts": PASSES,
      "c.ts": 'export * from "./b.ts";',
    },
    false,
  ],
  "by a module with a syntax error": [{ "flame.ts": 'export { flame } from "flamelet"; const;' }, false],
  "by a module that is not there": [{}, false],
};

for (const [how, [files, found]] of Object.entries(HANDED))
  test(`${found ? "finds" : "does not find"} flame that is handed on ${how}`, async () => {
    await using app = await App.create();
    for (const [name, text] of Object.entries(files)) await app.write(`src/${name}`, text);
    assert.equal(app.compile("src/uses.ts", USES) !== null, found);
  });

test("a module that begins to hand flame on is noticed", async () => {
  await using app = await App.create();
  await app.write("src/flame.ts", "export const flame = null;");
  assert.equal(app.compile("src/uses.ts", USES), null);
  await app.write("src/flame.ts", PASSES);
  while (app.compile("src/uses.ts", USES) === null) await setImmediate();
});

test("a host may say what specifiers mean", async () => {
  await using app = await App.create();
  await app.write("src/lib/flame.ts", 'export { flame } from "#inner";');
  await app.write("src/lib/inner.ts", PASSES);
  const source = USES.replace("./flame.ts", "@/flame");
  const file = join(app.root, "src/uses.ts");
  const asked: string[] = [];
  const resolve = (specifier: string, importer: string): string | null => {
    asked.push(`${specifier} ${importer.slice(app.root.length)}`);
    if (specifier === "@/flame") return join(app.root, "src/lib/flame.ts");
    return specifier === "#inner" ? join(app.root, "src/lib/inner.ts") : null;
  };
  assert.equal(compile(source, { file, root: app.root }), null);
  assert.ok(compile(source, { file, root: app.root, resolve }) !== null);
  assert.ok(asked.includes("@/flame /src/uses.ts") && asked.includes("#inner /src/lib/flame.ts"));
});

test("what is no module is not read, however much it looks like one that is imported", async () => {
  await using app = await App.create();
  const data = 'export { flame } from "flamelet";';
  await app.write("src/data.db", data);
  await mkdir(join(app.root, "src/folder.ts"));
  await symlink("circle.ts", join(app.root, "src/circle.ts"));
  await writeFile(join(app.root, "src/long.ts"), data);
  const file = join(app.root, "src/main.ts");
  for (const path of ["./data.db", "./folder.ts", "./circle.ts", "./long.ts/more", "./\0"]) {
    const source = `import { flame } from "${path}"; flame.call("p", () => 1);`;
    assert.equal(mayHaveClosures(source, { file }), false, path);
    assert.equal(compile(source, { file, root: app.root }), null, path);
  }
});

test("a module is not worth parsing because of modules that use flame and do not hand it on", async () => {
  await using app = await App.create();
  await app.write(
    "src/thumbs.ts",
    'import { flame } from "flamelet"; export const f = () => flame.call("p", () => 1);',
  );
  await app.write("src/routes.ts", 'import { f } from "./thumbs.ts"; export const routes = [f]; export { f };');
  const file = join(app.root, "src/main.ts");
  assert.equal(mayHaveClosures('import { f } from "./thumbs.ts"; f();', { file }), false);
  assert.equal(mayHaveClosures('import { routes } from "./routes.ts"; routes();', { file }), false);
});
