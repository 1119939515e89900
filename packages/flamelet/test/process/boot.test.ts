import assert from "node:assert/strict";
import { test } from "node:test";
import { runnerParent, whenAppLoaded } from "../../src/child/boot.ts";
import { decodeParentEnv, encodeParentEnv, publicView } from "../../src/child/parent-env.ts";
import { fixture, parentEnv, preload, Started, startRunner } from "./harness.ts";

test("FLAME_PARENT is gone before the app starts, and the app cannot reach the secret", async () => {
  const env = parentEnv();
  using runner = startRunner(env, "shows-env.ts");
  assert.deepEqual((await runner.exit).code, 0, runner.stderr);
  const { shown, ...seen } = JSON.parse(runner.stdout);
  const { pool, runnerId, backend, buildId, depth, epoch } = env;
  assert.deepEqual(seen, {
    own: "undefined",
    child: "undefined",
    thread: "undefined",
    parent: { pool, runnerId, backend, buildId, depth, epoch },
  });
  assert.match(shown, /"runnerId"/);
  assert.ok(!shown.includes(env.secret));
});

test("a malformed FLAME_PARENT ends the process with one line that says what is wrong, and code 78", async () => {
  const env = parentEnv();
  const wrong: [string, RegExp][] = [
    ["{}", /malformed: it is not what a parent writes there\n$/],
    [encodeParentEnv({ ...env, secret: "short" }), /malformed: its field "secret" is missing or has a value/],
    [encodeParentEnv({ ...env, address: { host: "h", port: 0 } }), /field "address"/],
  ];
  for (const [value, message] of wrong) {
    using runner = new Started(["--import", preload, fixture("idle.ts")], { FLAME_PARENT: value });
    assert.deepEqual(await runner.exit, { code: 78, signal: null });
    assert.match(runner.stderr, message);
    assert.equal(runner.stderr.split("\n").length, 2);
    assert.equal(runner.stdout, "");
  }
});

test("each field of FLAME_PARENT is checked, and arrives as it was", () => {
  const env = parentEnv();
  assert.deepEqual(decodeParentEnv(encodeParentEnv(env)), env);
  const tcp = parentEnv({ address: { host: "fdaa::3", port: 4000 } });
  assert.deepEqual(decodeParentEnv(encodeParentEnv(tcp)), tcp);
  for (const field of Object.keys(env)) {
    const { [field as "lease"]: _, ...rest } = env;
    assert.throws(() => decodeParentEnv(encodeParentEnv(rest as never)), new RegExp(`"${field}"`));
  }
  for (const change of [{ epoch: -1 }, { depth: 1.5 }, { lease: 0 }, { runnerId: "" }, { ownsGroup: 1 as never }])
    assert.throws(() => decodeParentEnv(encodeParentEnv(parentEnv(change))), new RegExp(`"${Object.keys(change)[0]}"`));
  assert.ok(!JSON.stringify(publicView(env)).includes(env.secret));
});

test("a process that is no runner is none", async () => {
  assert.equal(runnerParent(), null);
  await whenAppLoaded();
});

const entries = {
  "an ES module with a top-level await": "awaits.mjs",
  "a CommonJS module": "common.cjs",
  "a directory, whose index is the entry": "main-of-directory",
  "a module that is named without its extension": "main-of-directory/index",
};

for (const [what, entry] of Object.entries(entries)) {
  test(`the app is loaded when its entry is: ${what}`, async () => {
    using runner = startRunner(parentEnv(), entry, ["--import", fixture("says-loaded.ts")]);
    assert.deepEqual(await runner.exit, { code: 0, signal: null }, runner.stderr);
    assert.equal(runner.stdout, "preloaded\nstart\nend\nloaded\n");
  });
}

test("an app that boots itself, without a preload, is loaded when its entry is", async () => {
  using runner = new Started([fixture("boots-itself.ts")], { FLAME_PARENT: encodeParentEnv(parentEnv()) });
  assert.deepEqual(await runner.exit, { code: 0, signal: null }, runner.stderr);
  assert.equal(runner.stdout, "start undefined\nend\nloaded test\n");
});

test("an entry that fails reports itself as ever, and never counts as loaded", async () => {
  using runner = startRunner(parentEnv(), "rejects.mjs", ["--import", fixture("says-loaded.ts")]);
  assert.deepEqual(await runner.exit, { code: 1, signal: null });
  assert.equal(runner.stdout, "preloaded\nstart\n");
  assert.equal(runner.stderr.match(/Error: the database is away/g)?.length, 1);
});

test("a copy of an app that survives its own failure to load is ended", async () => {
  using runner = startRunner(parentEnv(), "survives.mjs", ["--import", fixture("says-loaded.ts")]);
  assert.deepEqual(await runner.exit, { code: 1, signal: null });
  assert.equal(runner.stdout, "preloaded\nstart\nhandled: the database is away\n");
  assert.match(runner.stderr, /the app's entry module failed/);
});
