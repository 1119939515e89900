import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { until } from "../../src/testing/until.ts";
import { parentEnv, type Started, startRunner } from "./harness.ts";

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "flamelet-cache-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const start = (env: Record<string, string>): Started =>
  startRunner(parentEnv(), "compile-cache.ts", [], { NODE_COMPILE_CACHE: "", ...env });

/** Where a runner keeps what it compiles. */
async function cacheOf(env: Record<string, string>): Promise<string> {
  using runner = start(env);
  return (await runner.says(/cache (.+);/))[1] as string;
}

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);

const NAME = `flamelet-compiled-${process.geteuid?.()}`;

test("a runner keeps what it compiled, and before it ends, where nobody else can read or write it", async (t) => {
  const folder = temporary(t);
  using runner = start({ TMPDIR: folder });
  const [, cache = ""] = await runner.says(/cache (.+);/);
  assert.ok(cache.startsWith(join(folder, NAME)));
  assert.equal(statSync(join(folder, NAME)).mode & 0o777, 0o700);
  await until(() => files(cache).length > 0);
  // It writes several, and is not to do so while they are removed.
  runner[Symbol.dispose]();
  await runner.exit;
});

test("it does not when it is told so, or when coverage is measured", async (t) => {
  const folder = temporary(t);
  for (const [name, value] of [
    ["NODE_DISABLE_COMPILE_CACHE", "1"],
    ["NODE_V8_COVERAGE", join(folder, "coverage")],
  ] as const)
    assert.equal(await cacheOf({ TMPDIR: folder, [name]: value }), "none", name);
  assert.ok(!readdirSync(folder).includes(NAME));
});

test("it does where it is told to, and nowhere else", async (t) => {
  const folder = temporary(t);
  const cache = await cacheOf({ TMPDIR: folder, NODE_COMPILE_CACHE: join(folder, "told") });
  assert.ok(cache.startsWith(join(folder, "told")));
  assert.deepEqual(readdirSync(folder), ["told"]);
});

test("it does not where others may write", async (t) => {
  const folder = temporary(t);
  mkdirSync(join(folder, NAME));
  chmodSync(join(folder, NAME), 0o777);
  assert.equal(await cacheOf({ TMPDIR: folder }), "none");
  rmSync(join(folder, NAME), { recursive: true });

  mkdirSync(join(folder, "elsewhere"), { mode: 0o700 });
  symlinkSync(join(folder, "elsewhere"), join(folder, NAME));
  assert.equal(await cacheOf({ TMPDIR: folder }), "none");
});
