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

async function place(): Promise<Place & AsyncDisposable> {
  const root = await projectWithFlamelet();
  return {
    entry: join(appDirectory, "main.ts"),
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
