import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../bin/flamelet-fly.js", import.meta.url));
const app = fileURLToPath(new URL("./fixtures/app.mjs", import.meta.url));

/** A home folder of its own, so that a test finds only its own emulator. */
function home(t: TestContext): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "fly-cli-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { PATH: process.env["PATH"] ?? "", HOME: folder };
}

async function run(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [cli, ...args], { env });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: code as number, out, err };
}

/** `up`, with its events. */
function up(
  t: TestContext,
  env: Record<string, string>,
  ...args: string[]
): { child: ChildProcess; until: (test: (event: any) => boolean) => Promise<any> } {
  const child = spawn(process.execPath, [cli, "up", "--json", "--port", "0", "--proxy-port", "0", "--fast", ...args], {
    env,
  });
  t.after(() => child.kill("SIGKILL"));
  const events: any[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    events.push(JSON.parse(line));
    for (const look of waiting) look();
  });
  const until = (wanted: (event: any) => boolean): Promise<any> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = events.find(wanted);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { child, until };
}

test("up, image, ps, logs and fault: a machine from the command line to its log", async (t) => {
  const env = home(t);
  const emulator = up(t, env, "--app", "demo", "--fault", "error action=app-list times=1");
  const { url, token } = await emulator.until(({ event }) => event === "up");

  const announced = JSON.parse(readFileSync(join(env["HOME"] ?? "", ".flamelet-fly.json"), "utf8"));
  assert.deepEqual(announced, { url, token });
  const image = await run(env, "image", "demo:1", "--env", "COLOUR=blue", "--", process.execPath, app);
  assert.match(image.out, /^demo:1@sha256:[0-9a-f]{64}\n$/);
  assert.match((await run(env, "image")).out, /demo:1 +sha256:/);
  const response = await fetch(`${url}/v1/apps/demo/machines`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "one", config: { image: "demo:1" } }),
  });
  const machine = (await response.json()) as { id: string };
  await emulator.until(({ event, text: line }) => event === "log" && line.startsWith("ready"));
  const made = await emulator.until(({ event, method }) => event === "call" && method === "POST");
  assert.deepEqual([made.path, made.status, made.error], ["/v1/apps/demo/machines", 200, undefined]);
  assert.match((await run(env, "ps")).out, new RegExp(`demo +${machine.id} +one +started +ams`));
  assert.match((await run(env, "logs", "--machine", machine.id)).out, /demo\/\w+ ams \| ready on http:\/\/127\./);
  assert.equal(JSON.parse((await run(env, "logs", "--json", "--limit", "1")).out).app, "demo");

  assert.match((await run(env, "fault")).out, /f1 +error +0 +action=app-list times=1/);
  assert.equal((await run(env, "fault", "no-capacity", "region=ams")).out, "f2\n");
  const wrong = await run(env, "fault", "flood");
  assert.deepEqual([wrong.code, wrong.out], [2, ""]);
  assert.match(wrong.err, /there is no fault "flood"; there are no-capacity/);
  assert.equal((await run(env, "fault", "clear")).code, 0);
  assert.deepEqual(JSON.parse((await run(env, "fault", "--json")).out), []);

  emulator.child.kill("SIGTERM");
  const [code] = await once(emulator.child, "exit");
  assert.equal(code, 0);
  const gone = await run(env, "ps");
  assert.equal(gone.code, 2);
  assert.match(gone.err, /no emulator is running here: start one with `flamelet-fly up`/);
});

test("what cannot be is told, with the exit code 2", async (t) => {
  const env = home(t);
  for (const [args, message] of [
    [["fly"], /there is no command "fly"; there are up, image, ps, logs, fault/],
    [["up", "--port", "many"], /--port must be a port, and is "many"/],
    [["up", "--image", "demo"], /write --image <ref>=<folder>, not "demo"/],
    [["up", "--fault", "flood"], /there is no fault "flood"/],
    [["up", "--colour"], /Unknown option '--colour'/],
  ] as const) {
    const { code, err } = await run(env, ...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, message);
  }
  const help = await run(env, "--help");
  assert.equal(help.code, 0);
  for (const command of ["up", "image", "ps", "logs", "fault"])
    assert.match(help.out, new RegExp(`flamelet-fly ${command}`));
});
