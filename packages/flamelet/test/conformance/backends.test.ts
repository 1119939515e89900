/** What a backend needs to be told, what it does with it, and what a runner may know. */
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BootError, OptionError } from "../../src/errors.ts";
import { flame } from "../../src/index.ts";
import * as fns from "./fixtures/app.ts";
import { entry, poolFor } from "./harness.ts";

test("B1: what a backend needs and lacks is named, with what it got, as soon as it can be known", async (t) => {
  const wrong: [options: object, message: RegExp][] = [
    [{ entry: "/nonexistent/app.ts" }, /option entry of the process backend .* is \/nonexistent\/app\.ts/],
    [{ entry: new URL("https://example.com/app.ts") }, /option entry .* is https:\/\/example\.com\/app\.ts/],
    [{ entry, cwd: "/nonexistent" }, /option cwd of the process backend .* is \/nonexistent/],
    [{ entry, args: [1] }, /option args of the process backend must hold strings only/],
    [{ entry, env: { MARK: 1 } }, /option env of the process backend must hold strings only/],
    [{ enty: entry }, /the process backend has no option "enty"/],
  ];
  for (const [options, message] of wrong)
    assert.throws(
      () => flame.backend.process(options as never),
      (error) => OptionError.is(error) && message.test(error.message),
    );
  // A test runner cannot be started again as the app, and only the first boot needs to.
  const pool = poolFor(t, { backend: flame.backend.process() });
  await assert.rejects(flame.call(pool, fns.add, 1, 1), (error) => {
    assert.ok(BootError.is(error));
    assert.equal(error.failure, "config");
    assert.match(error.message, /Say which module is the app: flame\.backend\.process\({ entry:/);
    return true;
  });
});

test("B2: all that a backend is told is honoured, and the runner knows its parent whatever else is set", async (t) => {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), "conformance-")));
  t.after(() => rmSync(cwd, { recursive: true }));
  const backend = flame.backend.process({
    entry,
    args: ["--port", "none"],
    execArgv: ["--stack-size=900"],
    env: { CONFORMANCE_MARK: "set", FLAME_PARENT: "nonsense" },
    cwd,
  });
  const about = await flame.call(poolFor(t, { backend }), fns.about);
  assert.deepEqual(about.argv, ["--port", "none"]);
  assert.ok(about.execArgv.includes("--stack-size=900"));
  assert.equal(about.cwd, cwd);
  assert.equal(about.mark, "set");
  assert.equal(about.isRunner, true);
});

test("B3: a pool that names no backend has the one that fits where the app runs", async (t) => {
  const pool = poolFor(t, { backend: undefined });
  assert.equal((pool.core.options.backend as { name: string }).name, flame.backend.auto().name);
  await assert.rejects(flame.call(pool, fns.add, 1, 1), /the process backend cannot start a copy of this process/);
});

test("B4: a runner knows its pool, its backend, its build and its own name, and the parent that it is none", async (t) => {
  const pool = poolFor(t);
  const { parent, secret } = await flame.call(pool, fns.about);
  assert.equal(parent?.pool, pool.name);
  assert.equal(parent.backend, "process");
  assert.match(parent.runnerId, /^conformance-\d+-1-/);
  assert.match(parent.buildId, /flamelet@\d/);
  assert.equal(parent.depth, 1);
  assert.equal(secret, undefined);
  assert.equal(flame.isRunner, false);
  assert.equal(flame.parent, null);
});
