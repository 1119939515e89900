import assert from "node:assert/strict";
import { globSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { mayHaveClosures } from "../../src/compile/app-modules.ts";
import { compile } from "../../src/compile/compile.ts";
import { parseModule } from "../../src/compile/parse.ts";

/** Packages that publish the TypeScript that they are made of: much that no fixture would think of. */
const PACKAGES = ["rxjs", "zod", "@trpc/server", "@reduxjs/toolkit", "@tanstack/react-query"];

const MARKER =
  'import { flame as $fire } from "flamelet"; export const $one = (x: number) => $fire.call("p", () => x);';

/** The folder of a package, wherever the package manager has put it. */
function folderOf(name: string): string {
  const [manifest] = (createRequire(import.meta.url).resolve.paths(name) ?? [])
    .map((path) => join(path, name, "package.json"))
    .flatMap((path) => globSync(path));
  assert.ok(manifest !== undefined, `${name} is not installed`);
  return realpathSync(dirname(manifest));
}

for (const name of PACKAGES) {
  const root = folderOf(name);
  const files = globSync("**/*.{ts,mts,cts,tsx}", { cwd: root }).filter(
    (file) => !/\.d\.[cm]?ts$|node_modules/.test(file),
  );

  test(`every module of ${name} stays what it is`, () => {
    assert.ok(files.length > 15, `${name} has ${files.length} modules: does it publish its sources?`);
    for (const module of files) {
      const file = join(root, module);
      const source = readFileSync(file, "utf8");
      assert.equal(mayHaveClosures(source, { file }), false, `${module} would be parsed`);
      assert.equal(compile(source, { file, root }), null, module);
    }
  });

  test(`every module of ${name} stays what it is around a closure`, () => {
    for (const module of files) {
      const file = join(root, module);
      const source = readFileSync(file, "utf8");
      const result = compile(`${source}\n${MARKER}`, { file, root });
      assert.ok(result !== null, `${module} was not parsed`);
      const lines = result.code.split("\n");
      const original = source.split("\n");
      const changed = original.filter((line, index) => withoutHead(lines[index] ?? "") !== line);
      assert.deepEqual(changed, [], `lines of ${module}`);
      // What follows is the line with the closure, and its copy.
      assert.equal(lines.slice(original.length).filter((line) => line !== "").length, 2, module);
      assert.notEqual(parseModule(result.code, file), null, `${module} cannot be parsed any more`);
      assert.deepEqual(result.map.sources, [file]);
      assert.deepEqual(astray(result.map.mappings, original), [], `lines of ${module} that are mapped elsewhere`);
    }
  });
}

/** The line without what was put before the first one. */
function withoutHead(line: string): string {
  return line.replace(/;? ?import \{ register as \$flame\d*_register.*?make: \$flame\d*_0 \}\); /, "");
}

/** The lines, from 0, whose code is not mapped to themselves. */
function astray(mappings: string, lines: readonly string[]): number[] {
  const wrong: number[] = [];
  let original = 0;
  for (const [number, segments] of mappings.split(";").slice(0, lines.length).entries()) {
    let first: number | null = null;
    for (const segment of segments === "" ? [] : segments.split(",")) {
      const [, , line] = decode(segment);
      if (line === undefined) continue;
      original += line;
      first ??= original;
    }
    if (first !== number && lines[number]?.trim() !== "") wrong.push(number);
  }
  return wrong;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The numbers in one segment of a source map. */
function decode(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = BASE64.indexOf(character);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit >= 32) continue;
    numbers.push(value % 2 === 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}
