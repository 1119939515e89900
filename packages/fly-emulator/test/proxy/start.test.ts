import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { startEmulator } from "../../src/index.ts";
import { behind } from "./behind.ts";

test("a port that is taken is an error that leaves nothing open", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  t.after(() => other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  // What stayed open would keep this process from ending.
  await assert.rejects(startEmulator({ proxy: { regionPorts: { ams: 0, nrt: port } } }), { code: "EADDRINUSE" });
});

test("a region that there is not cannot be an edge", async () => {
  const wrong = startEmulator({ proxy: { regionPorts: { mars: 0 } } });
  await assert.rejects(wrong, /the proxy cannot stand in "mars": no such region/);
});

test("the end of the proxy is the end of every connection", async (t) => {
  const fly = await behind(t);
  await fly.machine("iad");
  const held = await fly.open("/hold");
  const ended = new Promise((resolve) => held.on("close", resolve));
  held.on("error", () => {});
  held.resume();
  await fly.emulator.close();
  await ended;
});
