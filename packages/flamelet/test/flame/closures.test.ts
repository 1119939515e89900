/** Inline closures, compiled by `node --import flamelet/register`, on runners that are real processes. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const app = fileURLToPath(new URL("./fixtures/closures.ts", import.meta.url));
let out: Record<string, any> = {};

before(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "flamelet/register", app], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  out = JSON.parse(stdout.trim().split("\n").at(-1) as string);
});

test("a closure runs in a copy of the app, with what it captured", () => {
  assert.equal(out["probe"].url, "file:a.mp4");
  assert.equal(out["probe"].isRunner, true);
  assert.equal(out["probe"].pool, "closures");
  assert.notEqual(out["probe"].pid, out["pid"]);
});

test("module scope is not captured: the copy has its own", () => {
  assert.equal(out["probe"].moduleState, "module");
});

test("a captured callback runs at home", () => {
  assert.deepEqual(out["probe"].ticks, [0, 1, 2]);
});

test("an error has the class, the original line and the runner, and its frames are marked as remote", () => {
  assert.equal(out["throws"].name, "RangeError");
  assert.match(out["throws"].stack, /^ {4}at \[runner closures-1-\w+\] .*fixtures\/closures\.ts:30:13\)$/m);
  assert.doesNotMatch(out["throws"].stack, /^ {4}at (?!\[runner |async \[runner )/m);
  assert.match(out["throws"].runner, /^closures-1-/);
});

test("instances of a class with a codec are captured", () => {
  assert.equal(out["captured class"], 12);
});

test("stream, map and place take closures too", () => {
  assert.deepEqual(out["stream"], [0, 1, 2, 3, 4]);
  assert.deepEqual(out["map"], [3, 6, 9]);
  assert.equal(out["place"], 13);
});

test("values are read when the call is made", () => {
  assert.equal(out["snapshot"], 2);
});

test("a captured value that cannot cross is named, with its path and where the closure stands", () => {
  assert.match(
    out["unsendable"],
    /^cannot send captured variable "socket" \(socket\.db\.pool\.weak: WeakMap\) from .*closures\.ts:77/,
  );
});

test("a closure on a runner may call closures on runners of its own", () => {
  assert.equal(out["nested"], "hi from a runner of a runner");
});
