import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startEmulator } from "../../src/index.ts";
import { Images } from "../../src/world/images.ts";
import { fly } from "../harness.ts";

function folder(t: TestContext, files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), "fly-image-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test("an image is found by its tag or digest; another content is another digest, and the old one stays", (t) => {
  const images = new Images();
  const path = folder(t, { "a.js": "1" });
  const spec = { folder: path, command: ["node", "a.js"] };
  const first = images.register("registry.fly.io/app:v1", spec);
  assert.equal(images.register("registry.fly.io/app:v1", spec).digest, first.digest);
  writeFileSync(join(path, "a.js"), "longer");
  const second = images.register("registry.fly.io/app:v1", spec);
  assert.notEqual(second.digest, first.digest);
  assert.equal(images.find("registry.fly.io/app:v1"), second);
  assert.equal(images.find(`registry.fly.io/app@${second.digest}`), second);
  assert.equal(images.find(`registry.fly.io/app:v1@${first.digest}`).digest, first.digest);
  assert.deepEqual([first.registry, first.repository, first.tag], ["registry.fly.io", "app", "v1"]);
  assert.equal(images.register("node", { command: ["node"] }).tag, "latest");
  assert.throws(() => images.find("registry.fly.io/app:v2"), /MANIFEST_UNKNOWN.*registry\.fly\.io\/app:v1/);
  assert.throws(() => images.find("not an image@"), /invalid image identifier/);
});

test("without a command an image runs the start script of its folder", async (t) => {
  const path = folder(t, { "package.json": JSON.stringify({ scripts: { start: 'echo "started in $PWD"' } }) });
  const f = await fly(t, { images: { started: { folder: path } } });
  const machine = await f.create({ image: "started", restart: { policy: "no" } });
  assert.equal(await f.line(machine, /started in/), `started in ${path}`);
  const { images } = f.emulator.world;
  assert.throws(() => images.register("x", { folder: folder(t, {}) }), /give its command, or a "start" script in /);
  assert.throws(() => images.register("x", { folder: "/no/such" }), /there is no folder \/no\/such/);
  rmSync(path, { recursive: true });
  await f.reach(machine, "stopped");
  await f.ok("POST", `/apps/demo/machines/${machine.id}/start`);
  await f.line(machine, /cannot boot: the folder of its image is gone/);
});

test("an emulator does not start with what it cannot use, and leaves nothing behind", async () => {
  await assert.rejects(startEmulator({ images: { x: { folder: "/no/such" } } }), /there is no folder/);
  await assert.rejects(startEmulator({ token: "" }), /token of the emulator must not be empty/);
  await assert.rejects(startEmulator({ faults: [{ kind: "flood" as never }] }), /there is no fault "flood"/);
  const first = await startEmulator();
  try {
    await assert.rejects(startEmulator({ port: Number(new URL(first.url).port) }), /EADDRINUSE/);
  } finally {
    await first.close();
  }
});

test("an emulator that ends starts nothing more, whoever asks for it, and its folder is gone", async (t) => {
  const f = await fly(t);
  const machine = await f.create({}, { skip_launch: true });
  await f.reach(machine, "stopped");
  const { world, close } = f.emulator;
  const known = world.app("demo").machine(machine.id);
  world.abandon();
  known.life.start();
  await close();
  assert.equal(known.life.pid, null);
  assert.equal(existsSync(world.folder), false);
});

test("a line without an end, and one that is very long, do no harm to the log", async (t) => {
  const f = await fly(t);
  const script = 'process.stdout.write("x".repeat(200_000) + "\\nshort\\r\\nunended")';
  const machine = await f.create({ init: { exec: [process.execPath, "-e", script] }, restart: { policy: "no" } });
  await f.line(machine, /^unended$/);
  const lines = f.emulator.world.logs.find({ machine: machine.id }).map(({ text }) => text);
  assert.equal(Math.max(...lines.map(({ length }) => length)), 65_536);
  assert.equal(lines.join("").startsWith("x".repeat(200_000)), true);
  assert.ok(lines.includes("short"));
});
