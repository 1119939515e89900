import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { compile, type CompileResult } from "../../src/compile/compile.ts";
import { inlineMap } from "../../src/hosts/source-map.ts";

const source = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

/**
 * Stands in for flamelet in the compiled modules of a test. Every verb runs the closure where it stands, and then what a
 * runner would run: the registered function, made with what the closure captured. Both must give the same.
 */
const STAND_IN = `
import assert from "node:assert/strict";
import { closureInfo, findFunction } from ${source("registry.ts")};

export const exercised = [];
async function both(fn, run) {
  const info = closureInfo(fn);
  if (info === undefined) return run(fn);
  exercised.push(info.id);
  const entry = findFunction(info.id);
  assert.equal(entry.hash, info.hash);
  const captured = info.read();
  assert.equal(captured.length, entry.captures.length);
  const here = await run(fn);
  assert.deepEqual(await run(entry.make(...captured)), here);
  return here;
}
const context = () => ({ signal: new AbortController().signal });
const call = (pool, fn, ...args) => both(fn, async (fn) => fn(...args, context()));
const stream = (pool, fn) => both(fn, async (fn) => Array.fromAsync(fn(context())));
const map = (pool, items, fn) => both(fn, (fn) => Promise.all(items.map((item) => fn(item, context()))));
export const flame = { call, cast: call, place: call, stream, map, fn: (name, fn) => fn, callback: (fn) => fn };
`;

/** A project in a directory of its own, whose modules are compiled as they are written. */
export class App {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(): Promise<App> {
    const app = new App(await realpath(await mkdtemp(join(tmpdir(), "flamelet-compile-"))));
    await app.write("package.json", '{ "type": "module" }');
    const exports = { ".": "./index.js", "./runtime": "./runtime.js" };
    await app.write("node_modules/flamelet/package.json", JSON.stringify({ type: "module", exports }));
    await app.write("node_modules/flamelet/index.js", STAND_IN);
    await app.write("node_modules/flamelet/runtime.js", `export * from ${source("runtime.ts")};`);
    return app;
  }

  compile(name: string, source: string): CompileResult | null {
    return compile(source, { file: join(this.root, name), root: this.root });
  }

  /** Writes the compiled module, and imports it. */
  async run(name: string, source: string): Promise<{ readonly default?: unknown }> {
    const result = this.compile(name, source);
    return this.import(name, result === null ? source : inlineMap(result.code, result.map));
  }

  /** Writes the compiled module, for others to import. */
  async add(name: string, source: string): Promise<void> {
    await this.write(name, this.compile(name, source)?.code ?? source);
  }

  /** Ids of the functions that a module which was added registers. */
  idsOf(name: string): string[] {
    const code = readFileSync(join(this.root, name), "utf8");
    return [...code.matchAll(/\{ id: "(.*?)", hash/g)].map(([, id = ""]) => id);
  }

  async import(name: string, code: string): Promise<{ readonly default?: unknown }> {
    return (await import(await this.write(name, code))) as object;
  }

  /** Ids of the closures that ran both ways, in order. */
  async exercised(): Promise<string[]> {
    const url = pathToFileURL(join(this.root, "node_modules/flamelet/index.js")).href;
    return ((await import(url)) as { exercised: string[] }).exercised;
  }

  async write(name: string, content: string): Promise<string> {
    const file = join(this.root, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return pathToFileURL(file).href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
