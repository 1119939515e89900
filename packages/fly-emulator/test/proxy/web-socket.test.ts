import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { behind, type Behind } from "./behind.ts";

async function dial(t: TestContext, fly: Behind, path: string): Promise<{ socket: WebSocket; hello: any }> {
  const socket = new WebSocket(`ws://127.0.0.1:${fly.proxy.port}${path}`, { headers: { host: "demo.fly.dev" } });
  t.after(() => socket.terminate());
  const [data] = await once(socket, "message");
  return { socket, hello: JSON.parse(String(data)) };
}

test("a WebSocket reaches its machine, counts as load, and carries text and bytes both ways", async (t) => {
  const fly = await behind(t);
  const machine = await fly.machine("ams");
  const { socket, hello } = await dial(t, fly, "/live");
  assert.equal(hello.id, machine.id);
  assert.equal(hello.headers["fly-region"], "iad");
  assert.equal(fly.proxy.load(machine.id), 1);
  socket.send("text");
  assert.equal(String((await once(socket, "message"))[0]), "text");
  const bytes = Buffer.alloc(3 << 20, 7);
  socket.send(bytes);
  const [back, binary] = await once(socket, "message");
  assert.ok(binary && bytes.equals(back));
  socket.close(4001);
  const [code] = await once(socket, "close");
  assert.equal(code, 4001);
  await fly.line(machine, /^closed with 4001$/);
  await fly.idle(machine);
});

test("a fly-replay in answer to an upgrade: the target upgrades", async (t) => {
  const fly = await behind(t, { region: "iad" });
  const [iad, ams] = await Promise.all([fly.machine("iad"), fly.machine("ams")]);
  const { socket, hello } = await dial(t, fly, `/live?iad=${encodeURIComponent("region=ams;state=s")}`);
  assert.equal(hello.id, ams.id);
  assert.match(hello.headers["fly-replay-src"], new RegExp(`^instance=${iad.id};region=iad;t=\\d+;state=s$`));
  assert.equal(fly.proxy.load(iad.id), 0);
  socket.send("to ams");
  assert.equal(String((await once(socket, "message"))[0]), "to ams");
});

test("an upgrade that is refused, or finds no machine, is an ordinary answer", async (t) => {
  const fly = await behind(t);
  const refused = async (): Promise<number> => {
    const socket = new WebSocket(`ws://127.0.0.1:${fly.proxy.port}/?demo=region%3Dmars`, {
      headers: { host: "demo.fly.dev" },
    });
    socket.on("error", () => {});
    const [, response] = await once(socket, "unexpected-response");
    socket.terminate();
    return response.statusCode;
  };
  assert.equal(await refused(), 503);
  await fly.machine("ams");
  assert.equal(await refused(), 502);
});

test("the end of the machine is the end of its WebSockets", async (t) => {
  const fly = await behind(t);
  const machine = await fly.machine("ams");
  const { socket } = await dial(t, fly, "/");
  machine.life.stop({ signal: "SIGKILL" });
  assert.equal((await once(socket, "close"))[0], 1006);
  await fly.idle(machine);
});
