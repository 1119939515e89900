import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { ModuleTable } from "../../src/modules/module-table.ts";

let root: string;
before(async () => void (root = await mkdtemp(join(tmpdir(), "flamelet-table-"))));
after(() => rm(root, { recursive: true, force: true }));

async function write(name: string, ...functions: [id: string, hash: string][]): Promise<void> {
  const file = join(root, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, functions.map(([id, hash]) => `register({ id: "${id}", hash: "${hash}" });\n`).join(""));
}

/** A table of a project, with what it loads. `registers` says what becomes known when a file is loaded. */
function tableOf(project: string, registers: Record<string, string> = {}): { table: ModuleTable; loaded: string[] } {
  const directory = join(root, project);
  const loaded: string[] = [];
  const known = new Set<string>();
  const table = new ModuleTable({
    directories: [directory],
    near: join(directory, "dist/main.js"),
    load: async (file) => {
      const name = file.slice(directory.length + 1);
      loaded.push(name);
      known.add(registers[name] ?? "");
    },
    known: (id) => known.has(id),
  });
  return { table, loaded };
}

test("the module that registers a function is loaded, and no other", async () => {
  await write("one/dist/a.js", ["src/a.ts#f/0", "aa"]);
  await write("one/dist/b.js", ["src/b.ts#f/0", "bb"]);
  const { table, loaded } = tableOf("one", { "dist/b.js": "src/b.ts#f/0" });
  assert.equal(await table.load("src/b.ts#f/0", "bb"), true);
  assert.deepEqual(loaded, ["dist/b.js"]);
});

test("an id is a key: nothing is loaded by a path, whatever it says", async () => {
  await write("two/dist/a.js", ["src/a.ts#f/0", "aa"]);
  await write("outside", ["x#f/0", "aa"]);
  const { table, loaded } = tableOf("two");
  for (const id of [
    "dist/a.js",
    "src/a.ts",
    "src/a.ts#g/0",
    "../outside#f/0",
    "x#f/0",
    "__proto__",
    "file:///etc/passwd#f/0",
  ])
    assert.equal(await table.load(id, "aa"), false);
  assert.deepEqual(loaded, []);
});

test("what is installed, hidden, a test or a declaration is not part of the app", async () => {
  const id = "src/a.ts#f/0";
  for (const name of ["node_modules/x/a.js", ".git/a.js", "src/a.test.ts", "src/a.spec.js", "src/a.d.ts", "src/a.json"])
    await write(`three/${name}`, [id, "aa"]);
  const { table, loaded } = tableOf("three");
  assert.equal(await table.load(id, "aa"), false);
  assert.deepEqual(loaded, []);
});

test("of two modules, the one of the same source is meant; else the one nearer to the entry; else the newer", async () => {
  const id = "src/a.ts#f/0";
  await write("four/other/a.js", [id, "aa"]);
  await write("four/dist/new.js", [id, "aa"]);
  await write("four/dist/old.js", [id, "aa"]);
  await write("four/dist/stale.js", [id, "00"]);
  await utimes(join(root, "four/dist/old.js"), 1, 1);
  const { table, loaded } = tableOf("four");
  assert.equal(await table.load(id, "aa"), false);
  assert.deepEqual(loaded, ["dist/new.js", "dist/old.js", "other/a.js", "dist/stale.js"]);
});

test("what a module throws is told", async () => {
  await write("five/dist/a.js", ["src/a.ts#f/0", "aa"]);
  const table = new ModuleTable({
    directories: [join(root, "five")],
    near: root,
    load: () => Promise.reject(new Error("it fails")),
    known: () => false,
  });
  await assert.rejects(table.load("src/a.ts#f/0", "aa"), /it fails/);
});
