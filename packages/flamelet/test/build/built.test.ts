/** What `npm run build` made, as apps and runners load it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import manifest from "../../package.json" with { type: "json" };
import { ownModule } from "../../src/own-files.ts";

const root = new URL("../../", import.meta.url);

/** The files that a module loads at once, itself among them, and the packages that these name. */
function loads(module: URL, found: Set<string> = new Set()): Set<string> {
  if (found.has(module.href)) return found;
  found.add(module.href);
  for (const [, name = ""] of readFileSync(module, "utf8").matchAll(
    /^(?:import|export) (?:[^;"]* from )?"([^"]+)"/gm,
  )) {
    if (name.startsWith(".")) loads(new URL(name, module), found);
    else if (!name.startsWith("node:")) found.add(name);
  }
  return found;
}

function targets(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(targets) : [];
}

test("all that package.json names is there", () => {
  const missing = targets([manifest.exports, manifest.bin]).filter((path) => !existsSync(new URL(path, root)));
  assert.deepEqual(missing, []);
});

test("all modules that the library loads by path are there", () => {
  const sources = readdirSync(new URL("src/", root), { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".ts"),
  );
  const names = sources.flatMap((path) =>
    [...readFileSync(new URL(`src/${path}`, root), "utf8").matchAll(/ownModule\("([^"]+)"\)/g)].map(([, name]) => name),
  );
  assert.ok(names.includes("child/preload") && names.includes("child/watchdog-thread"));
  assert.ok(names.every((name) => existsSync(ownModule(name ?? "")) && existsSync(new URL(`dist/${name}.js`, root))));
});

test("a runner loads neither the compiler nor what only tools and tests need", () => {
  const entries = ["child/preload", "hosts/register", "index", "runtime"];
  const loaded = entries.flatMap((entry) => [...loads(new URL(`dist/${entry}.js`, root))]);
  assert.deepEqual([...new Set(loaded.filter((name) => !name.startsWith("file:")))], []);
  assert.doesNotMatch(loaded.join("\n"), /compile\.js|find\.js|unplugin|testing|conformance|doctor|cli/);
});

test("the watchdog's thread loads one file", () => {
  assert.equal(loads(new URL("dist/child/watchdog-thread.js", root)).size, 1);
});

test("what a runner loads imports nothing of Node, and is ASCII, since both would take it longer", () => {
  const entries = ["child/preload", "child/watchdog-thread", "hosts/register", "index", "runtime"];
  const files = new Set(entries.flatMap((entry) => [...loads(new URL(`dist/${entry}.js`, root))]));
  const slow = [...files].filter((file) =>
    /^import .* from "node:|[^\0-\x7f]/m.test(readFileSync(new URL(file), "utf8")),
  );
  assert.deepEqual(slow, []);
});

test("what is in it of others has its license beside it", () => {
  assert.match(readFileSync(new URL("dist/LICENSE-devalue", root), "utf8"), /Copyright/);
});
