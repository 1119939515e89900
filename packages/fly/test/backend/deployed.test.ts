import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { client, image, IMAGE, startFly } from "./harness.ts";

const web = fileURLToPath(new URL("./fixtures/web.ts", import.meta.url));

test("a deployed app has its runners on machines of its own kind, and takes them with it when it stops", async (t) => {
  const { command, folder } = image(web);
  const emulator = await startFly(t, { images: { [IMAGE]: { command: ["false"], folder } } });
  const { world, token, proxy } = emulator;
  world.apps.get("demo")?.setSecret("FLY_API_TOKEN", token, Date.now());
  const machines = client(emulator).machines("demo");
  const config = {
    image: IMAGE,
    // As fly deploy does for a process group: the command is not the image's.
    init: { exec: command },
    guest: { cpu_kind: "shared", cpus: 2, memory_mb: 512 },
    services: [{ protocol: "tcp", internal_port: 8080, ports: [{ port: 80, handlers: ["http"] }] } as never],
  };
  const parent = await machines.create({ config });
  await machines.wait(parent.id, "started");

  const outgoing = request({ port: proxy.port, path: "/", headers: { host: "demo.fly.dev" } }).end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const text = (await response.toArray()).join("");
  assert.equal(response.statusCode, 200, text);
  const { here, there } = JSON.parse(text) as { here: string; there: { machine: string; backend: string } };
  assert.equal(here, parent.id);
  assert.equal(there.backend, "fly");
  assert.notEqual(there.machine, here);
  const runner = world.machines().find(({ id }) => id === there.machine);
  assert.deepEqual(runner?.config.guest, config.guest);
  assert.equal(runner?.config.services, undefined);
  assert.match(runner?.config.image ?? "", /@sha256:/);

  await machines.stop(parent.id, { signal: "SIGTERM", timeout: "30s" });
  await machines.wait(parent.id, "stopped");
  while (world.machines().length > 1) await once(world.events, "machine");
});
