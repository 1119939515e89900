import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const dist = new URL("../../dist/", import.meta.url).href;
// Whichever copy of it one asks, they share their tables.
const registry = new URL("../../src/registry.ts", import.meta.url).href;

/**
 * Stands around the real flamelet, built, in an app whose modules give `"pool"` as the pool. Every verb runs its function on
 * a runner that is a process of its own, and in place, and both must give the same.
 */
const AROUND = `
import assert from "node:assert/strict";
import { flame as real } from "${dist}index.js";
import { closureInfo } from "${registry}";

const pool = real.pool("fixtures", { max: 1, maxConcurrency: 50, backend: real.backend.process() });
const context = () => ({ signal: new AbortController().signal });
export const exercised = [];
async function both(fn, run, there) {
  // In a runner it is the inside of a closure that is running there already.
  if (real.isRunner) return run();
  exercised.push(closureInfo(fn)?.id ?? "not compiled");
  // What it captures is read before anything runs.
  const value = there();
  // It may fail first, and is looked at below.
  value.catch(() => {});
  const here = await run();
  assert.deepEqual(await value, here);
  return here;
}
export const flame = {
  call: (_, fn, ...args) => both(fn, async () => fn(...args, context()), () => real.call(pool, fn, ...args)),
  cast: (_, fn) => both(fn, async () => fn(context()), () => real.call(pool, fn)),
  stream: (_, fn) => both(fn, async () => Array.fromAsync(fn(context())), () => Array.fromAsync(real.stream(pool, fn))),
  map: (_, items, fn) =>
    both(fn, () => Promise.all(items.map((item) => fn(item, context()))), () => Array.fromAsync(real.map(pool, items, fn))),
  place: (_, fn) =>
    both(fn, async () => void fn(context()), async () => (await real.place(pool, fn))[Symbol.asyncDispose]()),
  fn: real.fn,
  callback: real.callback,
};
export const isRunner = real.isRunner;
export const close = () => pool.close();
`;

/** The app: a runner loads the same modules, and the parent runs what each of them exports by default. */
const main = (modules: readonly string[]): string => `
import { close, exercised, isRunner } from "flamelet";
const results = {};
for (const module of ${JSON.stringify(modules)}) {
  const before = exercised.length;
  try {
    const { default: run } = await import("./" + module);
    if (!isRunner && typeof run === "function") await run();
    results[module] = { ids: exercised.slice(before) };
  } catch (error) {
    results[module] = { error: String(error?.stack ?? error) };
  }
}
if (!isRunner) {
  await close();
  console.log(JSON.stringify(results));
  process.exit();
}
`;

/** What came of the module of one fixture. */
export interface Ran {
  /** Ids of the functions that ran in both places, in order. */
  readonly ids?: readonly string[];
  readonly error?: string;
}

/** Runs modules, in folders of `directory`, in one real parent with one real runner. */
export async function runForReal(directory: string, modules: readonly string[]): Promise<Record<string, Ran>> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "flamelet-fixtures-")));
  try {
    await mkdir(join(root, "node_modules/flamelet"), { recursive: true });
    const write = (name: string, text: string): Promise<void> => writeFile(join(root, name), text);
    const exports = { ".": "./index.js", "./runtime": "./runtime.js" };
    await write("package.json", '{ "type": "module" }');
    await write("node_modules/flamelet/package.json", JSON.stringify({ type: "module", exports }));
    await write("node_modules/flamelet/index.js", AROUND);
    await write("node_modules/flamelet/runtime.js", `export * from "${dist}runtime.js";`);
    for (const module of modules)
      await cp(join(directory, dirname(module)), join(root, dirname(module)), { recursive: true });
    await write("main.ts", main(modules));
    return JSON.parse(await run(root)) as Record<string, Ran>;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function run(root: string): Promise<string> {
  // An app is not told that a test started it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ["--import", `${dist}hosts/register.js`, "main.ts"];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: root, env, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.slice(stdout.lastIndexOf("\n{") + 1));
      else reject(new Error(`the app ended with ${error.code ?? error.signal}:\n${stdout}\n${stderr}`));
    });
  });
}
