import assert from "node:assert/strict";
import { SourceMap } from "node:module";
import { test } from "node:test";
import { compile } from "../../src/compile/compile.ts";

const SOURCE = `import { flame } from "flamelet";
export function outer(name: string) {
  return flame.call("pool", async () => {
    await flame.call("pool", () => inner(name));
    throw new Error("é" + name);
  });
}
`;

/** Where the `nth` occurrence of a text in the compiled code comes from, as `line:column`, both from 1. */
function originOf(code: string, map: SourceMap, text: string, nth: number): string {
  let offset = -1;
  for (let i = 0; i <= nth; i++) offset = code.indexOf(text, offset + 1);
  assert.notEqual(offset, -1, `no ${text}`);
  const before = code.slice(0, offset).split("\n");
  const origin = map.findOrigin(before.length, (before.at(-1)?.length ?? 0) + 1);
  assert.ok("lineNumber" in origin);
  return `${origin.lineNumber}:${origin.columnNumber}`;
}

test("every copy of a closure is mapped to the closure", () => {
  const result = compile(SOURCE, { file: "/app/src/a.ts", root: "/app" });
  assert.ok(result !== null);
  assert.deepEqual(result.map.sources, ["/app/src/a.ts"]);
  const map = new SourceMap({ ...result.map, sourcesContent: [], file: "", sourceRoot: "" });
  const at = (text: string, nth: number): string => originOf(result.code, map, text, nth);
  // In place, and in the copy of the outer closure.
  for (const nth of [0, 1]) assert.equal(at("throw", nth), "5:5");
  for (const nth of [0, 1]) assert.equal(at('Error("é"', nth), "5:15");
  // In place, in the copy of the outer closure, and in its own copy.
  for (const nth of [0, 1, 2]) assert.equal(at("inner(name)", nth), "4:36");
  assert.equal(at("export function", 0), "2:1");
});

test("the map of a generated source leads to its original", () => {
  const result = compile(SOURCE, {
    file: "/app/dist/a.ts",
    root: "/app",
    originalOf: (line, column) => (line === 0 ? null : { file: "/app/src/a.ts", line: line + 100, column: column + 1 }),
  });
  assert.ok(result !== null);
  assert.deepEqual(result.map.sources, ["/app/src/a.ts"]);
  const map = new SourceMap({ ...result.map, sourcesContent: [], file: "", sourceRoot: "" });
  for (const nth of [0, 1]) assert.equal(originOf(result.code, map, "throw", nth), "105:6");
  assert.match(result.code, /id: "dist\/a\.ts#outer\/0".*where: "src\/a\.ts:103"/);
});
