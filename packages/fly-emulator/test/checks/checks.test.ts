import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { fly } from "../harness.ts";

test("checks say how a machine is: those of services count for routing, those at the top do not", async (t) => {
  const f = await fly(t);
  const check = { interval: "50ms", timeout: "1m", grace_period: "1h" };
  const machine = await f.create({
    env: { PORT: "8080" },
    services: [{ internal_port: 8080, protocol: "tcp", checks: [{ type: "http", path: "/health", ...check }] }],
    checks: { side: { type: "tcp", port: 9, interval: "50ms" } },
  });
  const { world } = f.emulator;
  const known = world.app("demo").machine(machine.id);
  await f.line(machine, /health check servicecheck-00-http-8080 is passing: 200/);
  await f.line(machine, /health check side is critical: .*ECONNREFUSED/);
  assert.equal(known.healthy, true);
  const { checks } = await f.ok("GET", `/apps/demo/machines/${machine.id}`);
  assert.deepEqual(
    checks.map(({ name, status }: Record<string, string>) => [name, status]),
    [
      ["servicecheck-00-http-8080", "passing"],
      ["side", "critical"],
    ],
  );
  await f.ok("POST", `/apps/demo/machines/${machine.id}/stop`);
  await f.reach(machine, "stopped");
  assert.equal(known.healthy, false);
});

test("what has just started is looked at more often than its interval says, until it passes", async (t) => {
  const f = await fly(t);
  // Nothing in the machine listens on that port. After the first look, the second would come in an hour.
  const checks = [{ type: "http", path: "/health", interval: "1h", timeout: "1m" }];
  const services = [{ internal_port: 8080, protocol: "tcp", checks }];
  const machine = await f.create({ services });
  await f.line(machine, /health check servicecheck-00-http-8080 is critical: .*ECONNREFUSED/);
  const server = createServer((_request, response) => response.end()).listen(8080, machine.private_ip);
  t.after(() => server.close());
  await f.line(machine, /health check servicecheck-00-http-8080 is passing: 200/);
});
