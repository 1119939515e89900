import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inThisPackage } from "./paths.ts";
import { assertWorks, runApp } from "./run-app.ts";

export const appDirectory: string = inThisPackage("fixtures/app");
const flameletDirectory = inThisPackage("../flamelet");

/** A place to build the app in, as it is deployed: without its sources, with flamelet installed. */
export interface Place {
  readonly entry: string;
  /** Where the bundler writes. */
  readonly outDir: string;
}

/** That what the plugin adds to an entry leaves the exports of the entry alone. `build` gives the path of an ES module. */
export function testExports(name: string, build: (place: Place) => Promise<string>): void {
  test(`an entry that was built by ${name} exports what it exported`, async () => {
    await using where = await place(inThisPackage("fixtures/exporting.mjs"));
    const exported = (await import(await build(where))) as Record<string, unknown>;
    assert.deepEqual(Object.keys(exported).toSorted(), ["default", "named", "runs"]);
    assert.deepEqual([exported["named"], exported["default"]], ["a named export", "the default export"]);
  });
}

async function place(entry: string = join(appDirectory, "main.ts")): Promise<Place & AsyncDisposable> {
  const root = await projectWithFlamelet();
  return {
    entry,
    outDir: join(root, "dist"),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** An empty project of its own, with flamelet installed. */
export async function projectWithFlamelet(): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "flamelet-hosts-")));
  await mkdir(join(root, "node_modules"));
  await symlink(flameletDirectory, join(root, "node_modules/flamelet"), "junction");
  await writeFile(join(root, "package.json"), '{ "name": "built-app", "type": "module" }');
  return root;
}

/**
 * What is checked of each bundler.
 *
 * @param build Gives the path of the file to start.
 * @param original Whether the lines in a stack are those of the sources.
 */
export function testBundler(name: string, build: (place: Place) => Promise<string>, original = true): void {
  test(`an app that was built by ${name} runs its closures, wherever they are`, async () => {
    await using where = await place();
    const entry = await build(where);
    const report = await runApp({ args: ["--enable-source-maps", entry], cwd: where.outDir });
    assertWorks(report, original);
  });
}
