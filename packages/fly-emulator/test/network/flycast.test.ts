import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fly } from "../harness.ts";

const possible = process.platform === "linux" && process.getuid?.() === 0 && existsSync("/proc/self/ns/net");

/** Serves what it was asked with, and asks its own app through the proxy. */
const SCRIPT = `
  const http = require("node:http");
  const { env } = process;
  http.createServer((request, response) => {
    response.end(JSON.stringify({ id: env.FLY_MACHINE_ID, region: request.headers["fly-region"] }));
  }).listen(8080, () => console.log("ready"));
  if (env.ASKS) fetch("http://demo.flycast/").then((r) => r.text()).then((text) => console.log("got " + text), console.log);
`;

test(
  "a machine reaches an app by <app>.flycast, and enters the proxy at its own region",
  { skip: !possible },
  async (t) => {
    const f = await fly(t, { network: "namespaces", region: "iad" });
    const services = [
      { protocol: "tcp", internal_port: 8080, autostart: true, ports: [{ port: 80, handlers: ["http"] }] },
    ];
    const init = { exec: [process.execPath, "-e", SCRIPT] };
    const server = await f.create({ init, services }, { region: "nrt", skip_launch: true });
    await f.reach(server, "stopped");
    const client = await f.create({ init, env: { ASKS: "yes" } }, { region: "syd" });
    const got = await f.line(client, /^got/);
    assert.deepEqual(JSON.parse(got.slice("got ".length)), { id: server.id, region: "syd" });
  },
);
