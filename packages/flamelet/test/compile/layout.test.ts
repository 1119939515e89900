import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../src/compile/compile.ts";
import { App } from "./app.ts";

// Pitfall 13: what may stand before the first line of code and after the last one.
const CODE = 'import { flame } from "flamelet";\nexport default (x = 1) => flame.call("pool", () => x);';

function compiled(source: string, file = "/app/src/a.ts"): string {
  const result = compile(source, { file, root: "/app" });
  assert.ok(result !== null);
  return result.code;
}

const LAYOUTS: Record<string, [source: string, start: RegExp]> = {
  "a hashbang": [`#!/usr/bin/env node\n${CODE}`, /^#!\/usr\/bin\/env node\nimport \{ register as .*import \{ flame \}/],
  "a hashbang with CRLF": [`#!/bin/x\r\n${CODE}`, /^#!\/bin\/x\r\nimport \{ register as .*import \{ flame \}/],
  "a directive": [`"use strict";\n${CODE}`, /^"use strict"; import \{ register as .*\n/],
  "a directive without a semicolon": [`'use client'\n${CODE}`, /^'use client'; import \{ register as .*\n/],
  "directives and comments": [
    `// a\n"use a"; /* b */ "use b" // c\n${CODE}`,
    /^\/\/ a\n"use a"; \/\* b \*\/ "use b"; import .* \/\/ c\n/,
  ],
  "a hashbang and a directive": [`#!/bin/x\n"use strict"\n${CODE}`, /^#!\/bin\/x\n"use strict"; import \{ register/],
  "a byte order mark": [`\uFEFF${CODE}`, /^\uFEFFimport \{ register as .*import \{ flame \}/],
  "a string that is no directive": [`${CODE}\n"not a directive";\n`, /^import \{ register as .*import \{ flame \}/],
  CRLF: [CODE.replaceAll("\n", "\r\n"), /^import \{ register as .*import \{ flame \} from "flamelet";\r\n/],
  "a comment without a final newline": [`${CODE}\n// the end`, /\n\/\/ the end\nfunction \$flame_0/],
  "no final newline": [CODE, /=> x\)\);\nfunction \$flame_0/],
  "a final newline": [`${CODE}\n`, /=> x\)\);\nfunction \$flame_0/],
  "no final semicolon": [CODE.slice(0, -1), /=> x\)\)\nfunction \$flame_0/],
};

for (const [what, [source, expected]] of Object.entries(LAYOUTS))
  test(`a module with ${what}`, async () => {
    assert.match(compiled(source), expected);
    await using app = await App.create();
    const { default: run } = await app.run("src/a.ts", source);
    assert.equal(await (run as () => Promise<number>)(), 1);
    assert.deepEqual(await app.exercised(), ["src/a.ts#default/0"]);
  });

test("ids are relative to the root, with slashes, also of modules outside of it", () => {
  assert.match(compiled(CODE, "/app/src/deep/a.ts"), /id: "src\/deep\/a\.ts#default\/0"/);
  assert.match(compiled(CODE, "/lib/a.ts"), /id: "\.\.\/lib\/a\.ts#default\/0"/);
});

test("names of all alphabets are columns of their own", () => {
  const source = `/* é😀 */ ${CODE.replaceAll("\n", " ").replaceAll(/\bx\b/g, "größe")}`;
  assert.match(compiled(source), /function \$flame_0\(größe\) \{ return \(\) => größe; \}/);
});

test("the hash changes with the text of the closure, and with what it captures, and with nothing else", () => {
  const hash = (source: string): string | undefined => /hash: "([0-9a-f]{12})"/.exec(compiled(source))?.[1];
  const first = hash(CODE);
  assert.ok(first !== undefined);
  assert.equal(hash(`\n\nconst other = 1;\n${CODE}`), first);
  assert.notEqual(hash(CODE.replace("() => x", "() =>  x")), first);
  assert.notEqual(hash(CODE.replace("(x = 1)", "()").replace("export", "let x = 1; export")), first);
});
