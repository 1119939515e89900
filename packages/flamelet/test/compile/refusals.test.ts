import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../src/compile/compile.ts";
import { CompileError } from "../../src/compile/diagnostic.ts";

const IMPORT = 'import { flame } from "flamelet"; const p = "pool";\n';

function compileJs(body: string, file = "/app/src/a.ts"): ReturnType<typeof compile> {
  return compile(IMPORT + body, { file, root: "/app" });
}

function refusal(source: string, file = "/app/src/a.ts"): CompileError {
  try {
    compile(source, { file, root: "/app" });
  } catch (error) {
    assert.ok(error instanceof CompileError);
    return error;
  }
  assert.fail("it was compiled");
}

/** What is refused: the body of a function with `flame.call` in it, and what the message must say. */
const REFUSED: Record<string, [body: string, message: RegExp]> = {
  // Pitfall 8.
  assignment: [
    "let n = 0; flame.call(p, () => { n = 1; });",
    /assigns to "n", a local variable.*n = await flame\.call/,
  ],
  "compound assignment": ["let n = 0; flame.call(p, () => { n ??= 1; });", /assigns to "n"/],
  update: ["let n = 0; flame.call(p, () => n++);", /assigns to "n"/],
  "assignment of a parameter": ["flame.call(p, () => { param = 1; });", /assigns to "param"/],
  "assignment through an assertion": ["let n = 0; flame.call(p, () => { (n as any) = 1; });", /assigns to "n"/],
  "destructuring into it": ["let n, m; flame.call(p, () => { ({ a: [n] = [] } = {}); });", /assigns to "n"/],
  "destructuring the rest into it": ["let n; flame.call(p, () => { [, ...n] = []; });", /assigns to "n"/],
  "a loop over it": ["let n; flame.call(p, () => { for (n of []); });", /assigns to "n"/],
  "a loop in it": ["let n; flame.call(p, () => { for (n in {}); });", /assigns to "n"/],
  "assignment deep inside": ["let n; flame.call(p, () => () => ({ get x() { return (n = 1); } }));", /assigns to "n"/],
  "assignment in a stream": ["let n; flame.stream(p, function* () { n = 1; });", /for await .* n = value/],
  "assignment in a cast": ["let n; flame.cast(p, () => { n = 1; });", /Use flame\.call/],
  // Pitfalls 6 and 15.
  this: ["flame.call(p, () => this.url);", /uses "this".*const \{ url \} = this/],
  "this in a nested arrow": ["flame.call(p, () => [1].map(() => this));", /uses "this"/],
  "this in a parameter default": ["flame.call(p, (a = this) => a);", /uses "this"/],
  "this in a computed key of a class": ["flame.call(p, () => class { [this.x] = 1 });", /uses "this"/],
  arguments: ["flame.call(p, () => arguments[0]);", /uses "arguments".*rest parameter/],
  "new.target": ["flame.call(p, () => new.target);", /uses "new\.target"/],
  // Captured functions and classes.
  "a function declaration": [
    "function helper() {} flame.call(p, () => helper());",
    /captures "helper", a local function.*module scope.*flame\.callback/,
  ],
  "a function that is declared later": ["flame.call(p, () => helper()); function helper() {}", /captures "helper"/],
  "an arrow function": ["const helper = () => 1; flame.call(p, () => helper());", /captures "helper"/],
  "a function expression": [
    "const helper = (async function () {}) as Fn; flame.call(p, () => helper);",
    /captures "helper"/,
  ],
  "the own name of the function around": [
    "const f = function again() { flame.call(p, () => again()); };",
    /captures "again"/,
  ],
  // Pitfall 17.
  "a function that calls itself": ["const walk = () => flame.call(p, () => walk());", /captures "walk"/],
  // Pitfall 16.
  "a class": ["class Local {} flame.call(p, () => new Local());", /captures "Local", a local class.*module scope/],
  "a class expression": [
    "const Local = class {}; flame.call(p, () => new Local());",
    /captures "Local", a local class/,
  ],
  "the own name of a class expression": [
    "const A = class B { m() { flame.call(p, () => B); } };",
    /captures "B", a local class/,
  ],
  "an enum": ["enum Color { Red } flame.call(p, () => Color.Red);", /captures "Color", a local enum/],
  eval: ["const a = 1; flame.call(p, () => eval('a'));", /calls "eval" directly/],
  "an inner closure": [
    "flame.call(p, () => { let n = 0; return flame.call(p, () => { n = 1; }); });",
    /assigns to "n"/,
  ],
};

for (const [what, [body, message]] of Object.entries(REFUSED))
  test(`refuses ${what}`, () => {
    const error = refusal(`${IMPORT}function around(param) {\n${body}\n}`);
    assert.match(error.message, message);
    assert.match(error.message, /^src\/a\.ts:3:\d+: the closure given to flame\.(?:call|stream|cast) /);
    assert.equal(error.line, 3);
  });

test("refuses super and private names of the class around it", () => {
  const around = (body: string): string => `${IMPORT}class A extends B { #secret = 1; m(other: A) {\n${body}\n} }`;
  assert.match(refusal(around("flame.call(p, () => super.m());")).message, /uses "super" of the method/);
  assert.match(
    refusal(around("flame.call(p, () => other.#secret);")).message,
    /private name.*const secret = this\.#secret/,
  );
  assert.match(refusal(around("flame.call(p, () => #secret in other);")).message, /uses "#secret", a private name/);
});

test("refuses with in a closure", () => {
  const source =
    'const { flame } = require("flamelet");\nfunction f(o) { flame.call("pool", () => { with (o) return x; }); }';
  assert.match(refusal(source, "/app/a.cjs").message, /contains a "with" statement/);
});

test("refuses a function of a block at module level, which is not module scope", () => {
  assert.match(refusal(`${IMPORT}{ function local() {} flame.call(p, () => local()); }`).message, /captures "local"/);
});

test("shows where, with a code frame, and without the compiler's own frames", () => {
  const error = refusal(
    `${IMPORT}async function f() {\n\tlet count = 0;\n\tawait flame.call(p, () => {\n\t\tcount++;\n\t});\n}`,
  );
  assert.equal(error.file, "/app/src/a.ts");
  assert.deepEqual([error.line, error.column], [5, 3]);
  assert.deepEqual(error.message.split("\n").slice(1), [
    "",
    "  3 | \tlet count = 0;",
    "  4 | \tawait flame.call(p, () => {",
    "> 5 | \t\tcount++;",
    "    | \t\t^^^^^",
    "  6 | \t});",
    "  7 | }",
  ]);
  assert.equal(error.stack, `CompileError: ${error.message}\n    at /app/src/a.ts:5:3`);
});

test("the first problem in the source is the one that is told", () => {
  const source = `${IMPORT}function f() { let a, b; flame.call(p, () => { this; a = 1; b = 1; }); }`;
  assert.match(refusal(source).message, /uses "this"/);
});

test("warns of an assignment to a variable of the module", () => {
  const result = compileJs("let total = 0;\nexport const f = () => flame.call(p, () => { total += 1; });");
  assert.equal(result?.warnings.length, 1);
  const [warning] = result.warnings;
  assert.match(warning?.message ?? "", /^src\/a\.ts:3:46: .* assigns to "total", a variable of the module/);
  assert.deepEqual([warning?.file, warning?.line, warning?.column], ["/app/src/a.ts", 3, 46]);
});

/** What looks like something that is refused, and is not. */
const ALLOWED: Record<string, string> = {
  "assignment of a property": "const o = { x: 1 }; flame.call(p, () => { o.x = 2; });",
  "assignment of a name that is declared inside": "let n = 0; flame.call(p, () => { let n; n = 1; var m; m = n; });",
  "assignment outside of the closure": "let n = 0; n = 1; flame.call(p, () => n);",
  "this of a function expression": "flame.call(p, function () { return this; });",
  "a type that is called like a local function": "function helper() {} flame.call(p, (a: typeof helper) => a);",
  "a property that is called like a local function":
    "function helper() {} flame.call(p, (a) => a.helper({ helper: 1 }));",
  "indirect eval": "flame.call(p, () => (0, eval)('1'));",
  "a variable called eval": "const evaluate = 1; flame.call(p, (_, eval2 = evaluate) => eval2);",
  "a callback": "const done = flame.callback(() => 1); flame.call(p, () => done());",
  "a result of a function": "const text = (() => 'x')(); flame.call(p, () => text);",
  "a method of a captured object": "const o = { m() {} }; flame.call(p, () => o);",
};

for (const [what, body] of Object.entries(ALLOWED))
  test(`allows ${what}`, () => {
    const result = compileJs(`function around(param) {\n${body}\n}`);
    assert.deepEqual(result?.warnings, []);
  });
