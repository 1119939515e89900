import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { autoBackend } from "../../src/backends/auto.ts";
import type { Backend, MachineSpec } from "../../src/backends/backend.ts";
import { inherited } from "../../src/backends/process-command.ts";
import { type ProcessOptions, processBackend } from "../../src/backends/process.ts";
import { BootError, OptionError } from "../../src/errors.ts";
import { bootFailure } from "../../src/runner/failure.ts";
import { fixture, gone, lives, machineSpec, parentEnv, preload, Started } from "./harness.ts";

const never = new AbortController().signal;

/** A spec whose output is kept, and can be waited for. */
function listening(change: Partial<MachineSpec> = {}) {
  const lines: string[] = [];
  let changed = (): void => {};
  const onOutput = (line: string, stream: string): void => {
    lines.push(`${stream}: ${line}`);
    changed();
  };
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = lines.map((line) => pattern.exec(line)).find((found) => found !== null);
      if (match !== undefined && match !== null) return match;
      await new Promise<void>((resolve) => (changed = resolve));
    }
  };
  return { lines, says, spec: machineSpec(parentEnv(), { onOutput, ...change }) };
}

function of(entry: string, args: string[] = [], options: ProcessOptions = {}): Backend {
  return processBackend({ entry: fixture(entry), args, execArgv: [], ...options });
}

test("the copy's output arrives line by line, and its exit code with its last line", async () => {
  const { lines, spec } = listening();
  const options = { env: { ADDED: "yes" }, cwd: tmpdir(), execArgv: ["--no-deprecation"] };
  const machine = await of("prints.ts", ["code", "3"], options).provision(spec, never);
  assert.deepEqual(await machine.exited, { code: 3, signal: null });
  const of1 = (stream: string): string[] => lines.filter((line) => line.startsWith(stream));
  assert.deepEqual(of1("stdout"), ['stdout: args ["code","3"]', "stdout: ", "stdout: käse"]);
  assert.deepEqual(of1("stderr"), [
    "stderr: env yes undefined",
    'stderr: options ["--no-deprecation"]',
    `stderr: build ${spec.buildId} cwd ${tmpdir()}`,
  ]);
});

test("the signal that ended it is told", async () => {
  const machine = await of("prints.ts", ["signal", "SIGTERM"]).provision(listening().spec, never);
  assert.deepEqual(await machine.exited, { code: null, signal: "SIGTERM" });
});

test("destroy ends the whole process group, and resolves when it is gone, any number of times", async () => {
  const backend = of("leaves-child.ts", ["stay"]);
  const { spec, says } = listening();
  const machine = await backend.provision(spec, never);
  const [, pid, grandchild] = await says(/pid (\d+) grandchild (\d+)/);
  assert.ok(lives(Number(grandchild)));
  await Promise.all([backend.destroy(machine), backend.destroy(machine)]);
  assert.ok(!lives(Number(pid)));
  await gone(Number(grandchild));
  assert.deepEqual(await machine.exited, { code: null, signal: "SIGKILL" });
  await backend.destroy(machine);
  await backend.destroy({ id: "nobody" });
});

test("what a runner leaves behind in its group ends with it, and does not hold up its exit", async () => {
  const { spec, says } = listening();
  const machine = await of("leaves-child.ts").provision(spec, never);
  const [, , grandchild] = await says(/pid (\d+) grandchild (\d+)/);
  assert.deepEqual(await machine.exited, { code: 0, signal: null });
  await gone(Number(grandchild));
});

test("a boot that is repeated under its name is the same machine", async () => {
  const backend = of("idle.ts");
  const { spec, lines, says } = listening();
  const [first, second] = await Promise.all([backend.provision(spec, never), backend.provision(spec, never)]);
  assert.equal(await backend.provision(spec, never), first);
  assert.equal(second, first);
  await says(/pid/);
  assert.equal(lines.length, 1);
  const { name, pool, parentId, buildId, epoch } = spec;
  assert.deepEqual(await backend.list(), [{ id: first.id, name, pool, parentId, buildId, epoch }]);
  await backend.destroy(first);
  assert.deepEqual(await backend.list(), []);
});

test("a boot that is cancelled leaves nothing", async () => {
  const backend = of("idle.ts");
  const cancel = new AbortController();
  const booting = backend.provision(listening().spec, cancel.signal);
  cancel.abort(new Error("nobody needs it"));
  await assert.rejects(booting, /nobody needs it/);
  assert.deepEqual(await backend.list(), []);
  await assert.rejects(backend.provision(listening().spec, cancel.signal), /nobody needs it/);
});

test("a process that cannot be made is a permanent boot error that says why", async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), "cwd-"));
  const backend = of("idle.ts", [], { cwd });
  rmSync(cwd, { recursive: true });
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const { spec } = listening();
  const error = await backend.provision(spec, never).catch((reason: unknown) => reason);
  assert.ok(BootError.is(error));
  assert.equal(error.failure, "config");
  assert.match(error.message, /cannot start .*ENOENT/);
  // The name is free again.
  mkdirSync(cwd);
  const machine = await backend.provision(spec, never);
  await backend.destroy(machine);
});

test("options are checked at once", () => {
  const wrong: [object, RegExp][] = [
    [{ enty: "x" }, /no option "enty"; it has entry, args/],
    [{ entry: "nowhere.ts" }, /option entry .* is nowhere\.ts/],
    [{ entry: new URL("https://example.com/app.js") }, /option entry/],
    [{ entry: 7 }, /option entry/],
    [{ args: [1] }, /option args/],
    [{ execArgv: "--x" }, /option execArgv/],
    [{ env: { A: 1 } }, /option env/],
    [{ cwd: "/nowhere" }, /option cwd/],
  ];
  for (const [options, message] of wrong)
    assert.throws(
      () => processBackend(options),
      (error) => OptionError.is(error) && message.test(error.message),
    );
  processBackend({ entry: pathToFileURL(fixture("idle.ts")) });
  processBackend({ entry: pathToFileURL(fixture("idle.ts")).href });
});

test("under a test runner, and without an entry, the first boot says what to write", async () => {
  const error = await autoBackend()
    .provision(listening().spec, never)
    .catch((reason: unknown) => reason);
  assert.ok(BootError.is(error));
  assert.equal(error.failure, "config");
  assert.match(error.message, /runs tests \(node --test\).*entry: new URL\("\.\/app\.ts", import\.meta\.url\)/);
});

test("a process that is nothing to start again says which kind it is", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "refuses-"));
  t.after(() => rmSync(root, { recursive: true }));
  const vite = join(root, "node_modules/vite/bin.mjs");
  mkdirSync(join(root, "node_modules/vite"), { recursive: true });
  const load = `await import(${JSON.stringify(pathToFileURL(fixture("refuses.ts")).href)});`;
  writeFileSync(vite, load);
  const spec = join(root, "app.spec.mjs");
  writeFileSync(spec, load);
  const cases: [string[], Record<string, string>, RegExp][] = [
    [["-e", load, "an argument"], {}, /^config: .*runs code from its command line/],
    [["--import", fixture("refuses.ts"), "-e", "0"], {}, /runs code from its command line/],
    [[vite], {}, /runs vite, which loads the app inside itself/],
    [[spec], {}, /runs a test file/],
    [[fixture("refuses.ts")], { VITEST: "true" }, /runs tests \(Vitest\)/],
    [[fixture("refuses.ts")], {}, /^started$/],
  ];
  for (const [args, env, message] of cases) {
    using process = new Started(args, env);
    await process.exit;
    assert.match(process.stdout.trim(), message, process.stderr);
  }
});

test("a copy gets its parent's command line, with what belongs to one process left out", async () => {
  const options = ["--import", fixture("noop.mjs"), "--no-deprecation", "--inspect=127.0.0.1:0"];
  using parent = new Started([...options, fixture("again.ts"), "serve", "--port=1"]);
  assert.equal((await parent.exit).code, 0, parent.stderr);
  const copy = JSON.parse(parent.stdout);
  assert.deepEqual(copy.args, ["serve", "--port=1"]);
  assert.deepEqual(copy.options, ["--import", preload, "--import", fixture("noop.mjs"), "--no-deprecation"]);
});

test("of a process that Node's test runner started, a copy inherits only how modules are loaded", () => {
  const given = ["--test-concurrency=2", "--v8-pool-size=4", "--import", "./hooks.mjs", "--node-snapshot", "-C", "dev"];
  assert.deepEqual(inherited(given, true), ["--import", "./hooks.mjs", "-C", "dev"]);
});

test("which of Node's options a copy inherits", () => {
  const kept = ["-r", "./x.cjs", "--import=tsx", "--conditions", "dev", "--max-old-space-size=100", "--env-file=.env"];
  const own = [
    "--test",
    "--test-name-pattern",
    "x",
    "--watch",
    "--watch-path=./src",
    "--inspect-brk",
    "--inspect-port",
    "9229",
  ];
  const more = ["--test-timeout=5", "-e", "code", "-p", "1", "--eval=1", "--import", preload, "--check"];
  assert.deepEqual(inherited([...own, ...kept, ...more], false), kept);
  assert.deepEqual(inherited(["--experimental-test-coverage", "--experimental-vm-modules"], false), [
    "--experimental-vm-modules",
  ]);
});

test("an app that listens in each copy is told about flame.isRunner", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  const { spec, lines } = listening();
  const port = String((server.address() as AddressInfo).port);
  const machine = await of("listens.ts", [port]).provision(spec, never);
  const exit = await machine.exited;
  assert.equal(exit.code, 1);
  const error = bootFailure("crash", "it ended", lines, exit);
  assert.match(error.message, /flame\.isRunner/);
});

test("runners go at once when their parent exits, however busy they are", async () => {
  using parent = new Started([fixture("exits.ts")]);
  assert.equal((await parent.exit).code, 7, parent.stderr);
  const [, pid] = /pid (\d+)/.exec(parent.stdout) ?? [];
  await gone(Number(pid));
});

for (const network of ["unix", "tls"])
  test(`a runner and its connections do not keep their parent alive (${network})`, async () => {
    using parent = new Started([fixture("forgets.ts"), network]);
    assert.equal((await parent.exit).code, 0, parent.stderr);
  });
