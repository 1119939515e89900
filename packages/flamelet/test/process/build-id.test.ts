import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Started } from "./harness.ts";

const own = "flamelet@0.1.0";
const module = new URL("../../src/build-id.ts", import.meta.url).href;
const script = `import { buildId } from ${JSON.stringify(module)}; console.log(buildId());`;

async function idOf(args: string[], env: Record<string, string> = {}): Promise<string> {
  using process = new Started(args, env);
  assert.equal((await process.exit).code, 0, process.stderr);
  return process.stdout.trim();
}

test("it is what the environment says, else the app's package and flamelet's", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "build-id-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "src"));
  mkdirSync(join(root, "node_modules/tool"), { recursive: true });
  writeFileSync(join(root, "package.json"), '{ "name": "shop", "version": "3.1.4" }');
  // Says only how to read the files, and so names no app.
  writeFileSync(join(root, "src/package.json"), '{ "type": "module" }');
  writeFileSync(join(root, "node_modules/tool/package.json"), '{ "name": "tool", "version": "9.9.9" }');
  const app = join(root, "src/app.mjs");
  const tool = join(root, "node_modules/tool/run.mjs");
  for (const file of [app, tool]) writeFileSync(file, script);

  assert.equal(await idOf([app]), `shop@3.1.4+${own}`);
  assert.notEqual(await idOf([tool]), `tool@9.9.9+${own}`);
  assert.equal(await idOf([app], { FLY_IMAGE_REF: "registry.fly.io/shop:1" }), "registry.fly.io/shop:1");
  assert.equal(await idOf([app], { FLY_IMAGE_REF: "x", FLAME_BUILD_ID: "r42" }), "r42");
  assert.equal(await idOf([app], { FLAME_BUILD_ID: "" }), `shop@3.1.4+${own}`);
  const long = await idOf([app], { FLAME_BUILD_ID: "x".repeat(300) });
  assert.match(long, /^sha256:[0-9a-f]{64}$/);
  assert.notEqual(long, await idOf([app], { FLAME_BUILD_ID: "x".repeat(301) }));
});
