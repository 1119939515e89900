import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../src/compile/compile.ts";
import { closureInfo, describeClosure, findFunction, functionIds } from "../../src/registry.ts";
import { closure } from "../../src/runtime.ts";
import { App } from "./app.ts";

const SOURCE = `import { flame } from "flamelet";
export class Thumbs {
  async make(n) {
    await flame.call("pool", () => n);
    return flame.call("pool", () => n + 1);
  }
}
export const list = { async all(n) { return flame.call("pool", () => [n]); } };
`;

function idsAndHashes(source: string): string[] {
  const result = compile(source, { file: "/app/src/a.ts", root: "/app" });
  return [...(result?.code ?? "").matchAll(/\{ id: "(.*?)", hash: "(.*?)"/g)].map(([, id, hash]) => `${id} ${hash}`);
}

test("ids are readable, and edits elsewhere change neither them nor the hashes", () => {
  const before = idsAndHashes(SOURCE);
  assert.deepEqual(
    before.map((each) => each.split(" ")[0]),
    ["src/a.ts#Thumbs.make/0", "src/a.ts#Thumbs.make/1", "src/a.ts#list.all/0"],
  );
  const edits = [
    (text: string) => `// a comment\n\n${text}`,
    (text: string) =>
      text.replace("export class", 'export const other = () => flame.call("pool", () => 0);\nexport class'),
    (text: string) => text.replace("async make(n) {", "async make(n, more = 1) {\n    void more;"),
    (text: string) => text.replaceAll("  ", "\t"),
    (text: string) =>
      text.replaceAll('"pool"', "pool").replace("export const list", "const pool = 1; export const list"),
  ];
  for (const edit of edits) {
    const after = idsAndHashes(edit(SOURCE));
    assert.deepEqual(
      before.filter((each) => !after.includes(each)),
      [],
      edit(SOURCE),
    );
  }
});

test("a module that is evaluated again replaces its functions, and closures of the old one are told apart", async () => {
  await using app = await App.create();
  const evaluate = async (version: number): Promise<(...args: never[]) => unknown> => {
    const source = `import { flame } from "flamelet";
export default async (x) => {
  let given;
  await flame.call("pool", (given = [x, ${version}], () => [x, ${version}]));
  return given;
};
`;
    const url = await app.write("src/hot.js", app.compile("src/hot.js", source)?.code ?? "");
    return ((await import(`${url}?version=${version}`)) as { default: () => unknown }).default;
  };
  const id = "src/hot.js#default/0";
  const run = (await evaluate(1)) as (x: number) => Promise<unknown>;
  const first = findFunction(id);
  assert.deepEqual(await run(1), [1, 1]);
  const again = (await evaluate(2)) as (x: number) => Promise<unknown>;
  const second = findFunction(id);
  assert.notEqual(second?.hash, first?.hash);
  assert.deepEqual(await again(1), [1, 2]);
  assert.deepEqual(
    functionIds().filter((each) => each.startsWith("src/hot.js")),
    [id],
  );
  // What is left of the old module does not take its place, and its hash says that it is not what is registered.
  await assert.rejects(run(1), /strictly equal/);
  assert.equal(findFunction(id), second);
});

test("a name that turns out to be that of a named function, or of no function, is left alone", () => {
  const named = (): number => 1;
  const info = { id: "media/named", hash: "", captures: [], where: "media.ts:1", read: () => [] };
  describeClosure(named, info);
  const marked = closure(
    "src/b.ts#f/0",
    "0123456789ab",
    "src/b.ts:1",
    [],
    () => [],
    () => named,
    named,
  );
  assert.equal(marked, named);
  assert.equal(closureInfo(named), info);
  assert.equal(
    closure(
      "src/b.ts#f/1",
      "0123456789ab",
      "src/b.ts:1",
      [],
      () => [],
      () => named,
      null,
    ),
    null,
  );
});
