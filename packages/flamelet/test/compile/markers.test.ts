import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../src/compile/compile.ts";

function compiles(source: string, file = "/app/src/a.ts"): boolean {
  return compile(source, { file, root: "/app" }) !== null;
}

/** What is none of ours, though it looks like it. */
const LEFT_ALONE: Record<string, string> = {
  "a module that never mentions flamelet": 'import { flame } from "elsewhere"; flame.call(p, () => 1);',
  "a flame from elsewhere": 'import "flamelet"; import { flame } from "elsewhere"; flame.call(p, () => 1);',
  "a flame that is declared by the module": 'import "flamelet"; const flame = { call() {} }; flame.call(p, () => 1);',
  "a flame that shadows": 'import { flame } from "flamelet"; function f(flame) { flame.call(p, () => 1); }',
  "a type": 'import type { flame } from "flamelet"; flame.call(p, () => 1);',
  "an inline type": 'import { type flame } from "flamelet"; flame.call(p, () => 1);',
  "Function.prototype.call": 'import { flame } from "flamelet"; flame.call.call(p, () => 1); fn.call(flame, () => 1);',
  "another export": 'import { other } from "flamelet"; other.call(p, () => 1);',
  "another verb":
    'import { flame } from "flamelet"; flame.callback(() => 1); flame.fn("a", () => 1); flame.pool(p, () => 1);',
  "a verb that is not known before run time": 'import { flame } from "flamelet"; flame[verb](p, () => 1);',
  "a variable that is set again": 'import { flame } from "flamelet"; let f = flame; f = other; f.call(p, () => 1);',
  "a named function":
    'import { flame } from "flamelet"; flame.call(p, named); flame.call(p, mod.named); flame.call(p, make(() => 1));',
  "a function in another argument":
    'import { flame } from "flamelet"; flame.call(() => 1); flame.map(p, () => 1); flame.call(p, a, () => 1);',
  "arguments that are spread": 'import { flame } from "flamelet"; flame.call(...args, () => 1);',
  "a variable that refers to itself": 'import "flamelet"; const a = b.flame, b = a; a.call(p, () => 1);',
  "a require of the module's own": 'const require = x; const { flame } = require("flamelet"); flame.call(p, () => 1);',
  "a module with a syntax error": 'import { flame } from "flamelet"; flame.call(p, () => {);',
};

for (const [what, source] of Object.entries(LEFT_ALONE))
  test(`leaves alone ${what}`, () => assert.equal(compiles(source), false));

test("finds flame under the name of another package", () => {
  const source = 'import { flame } from "@scope/flames"; flame.call(p, () => 1);';
  const result = compile(source, { file: "/app/a.ts", root: "/app", packageName: "@scope/flames" });
  assert.match(result?.code ?? "", /^import \{ .* \} from "@scope\/flames\/runtime";/);
});

test("reads JavaScript that another tool made of TypeScript", () => {
  const source = 'var import_flamelet = require("flamelet");\nconst f = (x) => import_flamelet.flame.call(p, () => x);';
  assert.equal(compiles(source), true);
});

test("reads JSX in .js and .jsx, and angle-bracket assertions in .ts", () => {
  const jsx = 'import { flame } from "flamelet"; const f = (x) => flame.call(p, () => <a b={x} />);';
  assert.equal(compiles(jsx, "/app/a.jsx"), true);
  assert.equal(compiles(jsx, "/app/a.js"), true);
  assert.equal(compiles('import { flame } from "flamelet"; flame.call(p, <Fn>(() => 1));', "/app/a.mts"), true);
});

test("an await at the top makes an ES module", () => {
  const result = compile('const { flame } = await import("flamelet");\nawait flame.call(p, () => 1);', {
    file: "/app/a.js",
    root: "/app",
  });
  assert.match(result?.code ?? "", /^import \{ register as /);
});
