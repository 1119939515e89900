import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { WebSocket } from "ws";
import { RegionNetwork } from "../../src/regions/network.ts";
import { oneWayMs } from "../../src/regions/distance.ts";
import { behind } from "./behind.ts";
import { TurnableClock } from "./turnable-clock.ts";

test("a request to another region takes the time of the way there and back, and loses nothing", async (t) => {
  const fly = await behind(t, { region: "lhr", network: new RegionNetwork({ latencyFactor: 1 }) });
  await fly.machine("nrt");
  const before = performance.now();
  const body = Buffer.alloc(5 << 20, "abcdefg");
  const { text } = await fly.get("/echo", { method: "POST", body });
  assert.ok(performance.now() - before >= 2 * oneWayMs("lhr", "nrt") - 1);
  assert.ok(Buffer.from(text).equals(body));
});

test("a machine behind a cut is not reached: PC05, and another region takes the request", async (t) => {
  const clock = new TurnableClock();
  const fly = await behind(t, { region: "lhr", connectTimeout: 300_000 }, { clock });
  const [ams, iad] = await Promise.all([fly.machine("ams"), fly.machine("iad")]);
  assert.equal((await fly.get("/")).json.id, ams.id);
  const cut = fly.world.faults.add({ kind: "network-cut", region: "ams", peer: "lhr" });
  const request = fly.get("/");
  await once(fly.proxy.events, "event");
  // It has come in, and by then it is on its way to the first machine.
  await new Promise(setImmediate);
  clock.turn(300_000);
  assert.equal((await request).json.id, iad.id);
  assert.deepEqual(fly.codes(), ["PC05"]);
  fly.world.faults.remove(cut.id);
  assert.equal((await fly.get("/")).json.id, ams.id);
  fly.world.faults.add({ kind: "network-cut", region: "lhr" });
  const { status } = await fly.get("/", { headers: { "fly-emulator-region": "iad" } });
  assert.equal(status, 200);
});

test("while regions are cut off nothing gets through; when they are not any more, all of it arrives", async (t) => {
  const fly = await behind(t, { region: "lhr" });
  await fly.machine("ams");
  const request = httpRequest({
    port: fly.proxy.port,
    path: "/echo",
    method: "POST",
    headers: { host: "demo.fly.dev" },
  });
  request.write("before ");
  const [response] = await once(request, "response");
  const chunks = response[Symbol.asyncIterator]();
  assert.equal(String((await chunks.next()).value), "before ");
  const cut = fly.world.faults.add({ kind: "network-cut", region: "ams", peer: "lhr" });
  request.write("during ");
  request.end("after");
  const next = chunks.next();
  const silence = new Promise((resolve) => setTimeout(resolve, 50, "silence"));
  assert.equal(await Promise.race([next, silence]), "silence");
  fly.world.faults.remove(cut.id);
  let text = String((await next).value);
  for await (const chunk of chunks) text += String(chunk);
  assert.equal(text, "during after");
});

test("a WebSocket across regions, and its end", async (t) => {
  const fly = await behind(t, { region: "lhr", network: new RegionNetwork({ latencyFactor: 0.01 }) });
  const machine = await fly.machine("ams");
  const socket = new WebSocket(`ws://127.0.0.1:${fly.proxy.port}/`, { headers: { host: "demo.fly.dev" } });
  t.after(() => socket.terminate());
  await once(socket, "message");
  socket.send("over the sea");
  assert.equal(String((await once(socket, "message"))[0]), "over the sea");
  machine.life.stop({ signal: "SIGKILL" });
  assert.equal((await once(socket, "close"))[0], 1006);
});
