import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../src/compile/compile.ts";
import { registrationsIn } from "../../src/modules/registrations.ts";

test("the functions of a compiled module are found, with their hashes", () => {
  const source = `import { flame } from "flamelet";
export const run = (a) => flame.call(pool, () => a);
export async function more() { await flame.call(pool, () => 1); await flame.call(pool, () => 2); }
`;
  const { code } = compile(source, { file: "/app/src/ä b.ts", root: "/app" }) ?? assert.fail("nothing was compiled");
  const found = registrationsIn(code);
  assert.deepEqual(
    found.map(({ id }) => id),
    ["src/ä b.ts#run/0", "src/ä b.ts#more/0", "src/ä b.ts#more/1"],
  );
  for (const { hash } of found) assert.match(hash, /^[0-9a-f]{12}$/);
});

test("what minifiers make of them is read as well", () => {
  const minified = 'r({id:"src/a.ts#f/0",hash:"0123456789ab",captures:[]},{id:`src/\\u00e4.ts#g/1`,hash:`ab`,make:x})';
  assert.deepEqual(registrationsIn(minified), [
    { id: "src/a.ts#f/0", hash: "0123456789ab" },
    { id: "src/ä.ts#g/1", hash: "ab" },
  ]);
});

test("named functions are found in the sources, and in bundles", () => {
  const code =
    'flame.fn("media/probe", run); (0,e.flame.fn)("media/cut",x); const d = fn(\'a\', b); often("no", 1); fn(name, y)';
  assert.deepEqual(
    registrationsIn(code).map(({ id }) => id),
    ["media/probe", "media/cut", "a"],
  );
});
