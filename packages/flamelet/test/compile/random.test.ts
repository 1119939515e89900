import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compile } from "../../src/compile/compile.ts";
import { closureInfo, findFunction } from "../../src/registry.ts";
import { closure, register } from "../../src/runtime.ts";
import { program } from "./random/program.ts";

type Run = (fn: (...args: unknown[]) => unknown, ...args: unknown[]) => unknown;

/** What a module gives, or how it fails, when every closure that is given to a verb is run by `run`. */
function outcome(code: string, run: Run): unknown {
  const items = (given: Iterable<unknown>, fn: never): unknown[] => Array.from(given, (item) => run(fn, item));
  const flame = {
    call: (_: string, fn: never) => run(fn),
    cast: (_: string, fn: never) => run(fn),
    place: (_: string, fn: never) => run(fn),
    stream: (_: string, fn: never) => [...(run(fn) as Iterable<unknown>)],
    map: (_: string, given: Iterable<unknown>, fn: never) => items(given, fn),
  };
  const load = (name: string): unknown => (name === "flamelet" ? { flame } : { register, closure });
  const module: { exports: () => unknown } = { exports: () => null };
  try {
    // oxlint-disable-next-line no-new-func -- the program is one that this test has written
    new Function("require", "module", code)(load, module);
    return { gives: module.exports() };
  } catch (error) {
    return { throws: String(error) };
  }
}

const inPlace: Run = (fn, ...args) => fn(...args);

/** As a runner does: by its id, with copies of what it captures. */
const elsewhere: Run = (fn, ...args) => {
  const info = closureInfo(fn);
  assert.ok(info !== undefined, "a closure was not compiled");
  const entry = findFunction(info.id);
  assert.equal(entry?.hash, info.hash);
  const made = entry?.make(...(structuredClone(info.read()) as never[])) as (...args: unknown[]) => unknown;
  return made(...args);
};

test("a thousand random programs give the same uncompiled, compiled, and run by what was registered", () => {
  let closures = 0;
  let captures = 0;
  let threw = 0;
  const property = fc.property(fc.array(fc.nat(1000), { minLength: 40, maxLength: 600, size: "max" }), (numbers) => {
    const source = program(numbers);
    const expected = outcome(source, inPlace);
    if (typeof expected === "object" && expected !== null && "throws" in expected) threw += 1;
    const compiled = compile(source, { file: "/app/src/random.cjs", root: "/app" });
    const code = compiled?.code ?? source;
    captures += code.split(/make: \$flame_\d+ \}/).length - code.split("captures: []").length;
    closures += code.split("make: $flame_").length - 1;
    try {
      assert.deepEqual(outcome(code, inPlace), expected);
      assert.deepEqual(outcome(code, elsewhere), expected);
    } catch (error) {
      throw new Error(`they differ for the program\n\n${source}`, { cause: error });
    }
  });
  // A failure names its seed and path. Give them here, without endOnFailure, to have the program made small: it takes a minute.
  fc.assert(property, { numRuns: 1_000, endOnFailure: true });
  // The grammar has to be worth it.
  assert.ok(closures > 3_000, `only ${closures} closures`);
  assert.ok(captures > 700, `only ${captures} closures that capture anything`);
  assert.ok(threw < 300, `${threw} of the programs only throw`);
});
