/** What is known of a module's types although the parser is not asked for them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSync, type Program } from "oxc-parser";
import { compile } from "../../src/compile/compile.ts";
import { noteTypeOnly } from "../../src/compile/type-only.ts";

/** Of each import and export, and of each name in it, whether it is of types alone. */
function kinds({ body }: Program): unknown[] {
  return body.map((statement) => {
    if (statement.type === "ImportDeclaration")
      return [
        statement.importKind,
        ...statement.specifiers.map((each) => (each.type === "ImportSpecifier" ? each.importKind : null)),
      ];
    if (statement.type === "ExportNamedDeclaration")
      return [
        statement.declaration === null && statement.exportKind,
        ...statement.specifiers.map((each) => each.exportKind),
      ];
    return statement.type === "ExportAllDeclaration" ? statement.exportKind : statement.type;
  });
}

const FORMS = [
  "import type { a } from 'x'",
  "import { type a, b, type c as d, type, type as as, type as e, type type as f } from 'x'",
  "import type a from 'x'",
  "import type from 'x'",
  "import type, { a } from 'x'",
  "import type type from 'x'",
  "import type * as a from 'x'",
  "import * as type from 'x'",
  "import { type 'a b' as a } from 'x'",
  "import/* type */{ a } from 'x'",
  "import // type\n{ a } from 'x'",
  "import/**/type/**/{ a } from 'x'",
  "import'type'",
  "let a; export { type a as b, a as type, a as default }",
  "let a; export type { a }",
  "let type; export { type }",
  "export { type, type as a, type type as b } from 'x'",
  "export type { a, b as type } from 'x'",
  "export type * from 'x'",
  "export type * as a from 'x'",
  "export * as type from 'x'",
  "export * from 'type'",
];
for (const source of FORMS) {
  test(source, () => {
    const options = { lang: "ts", sourceType: "module" } as const;
    const { program, errors } = parseSync("a.ts", source, { ...options, astType: "js" });
    assert.deepEqual(errors, []);
    noteTypeOnly(program, source);
    assert.deepEqual(kinds(program), kinds(parseSync("a.ts", source, { ...options, astType: "ts" }).program));
  });
}

/** What the one closure of a module captures. */
function captured(body: string): unknown {
  const source = `import { flame } from "flamelet";\n/** @returns nothing */\nexport function f(a: number, b: any) {\n${body}\n}\n`;
  const { code } = compile(source, { file: "/app/a.ts", root: "/app" }) ?? assert.fail("nothing was compiled");
  return JSON.parse(/captures: (\[.*?\])/.exec(code)?.[1] ?? "null");
}

test("the decorators of a parameter are captured", () => {
  const names = captured("flame.call('p', () => class { m(@b() x: number, @(a) y: number) {} });");
  assert.deepEqual(names, ["b", "a"]);
});

test("what is declared elsewhere is not captured", () => {
  assert.deepEqual(captured("declare const c: number; flame.call('p', () => a + c);"), ["a"]);
});

test("neither tags of JSDoc nor types are captured", () => {
  assert.deepEqual(captured("type T = number; flame.call('p', (): T => /** @type {T} */ (a as T) satisfies T);"), [
    "a",
  ]);
});
