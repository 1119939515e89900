import assert from "node:assert/strict";
import { createSocket, type RemoteInfo } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { connect } from "node:net";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import packet from "dns-packet";
import { ask } from "../../src/dns/client.ts";
import { type DnsServer, startDns } from "../../src/dns/server.ts";
import type { DnsMachine } from "../../src/dns/zone.ts";

const machines = Array.from({ length: 200 }, (_, n): DnsMachine => {
  return { id: `9080${n}`, app: "web", region: "ams", started: true, address: `127.0.9.${n}`, metadata: {} };
});

async function start(t: TestContext): Promise<DnsServer> {
  const server = await startDns({ zone: () => ({ apps: ["web"], machines }), region: () => "ams" });
  t.after(() => server.close());
  return server;
}

test("a resolver of the system's kind reads it, also answers that need TCP", async (t) => {
  const { host, port } = await start(t);
  const resolver = new Resolver();
  resolver.setServers([`${host}:${port}`]);
  assert.deepEqual(await resolver.resolve6("90807.vm.web.internal"), ["::ffff:127.0.9.7"]);
  assert.equal((await resolver.resolve6("web.internal")).length, 200);
  const [record] = await resolver.resolveTxt("vms.web.internal");
  assert.equal(record?.join(""), machines.map(({ id, region }) => `${id} ${region}`).join(","));
  const [ttl] = await resolver.resolve6("90807.vm.web.internal", { ttl: true });
  assert.equal(ttl?.ttl, 5);
  await assert.rejects(resolver.resolve6("nobody.internal"), { code: "ENOTFOUND" });
  await assert.rejects(resolver.resolve4("web.internal"), { code: "ENODATA" });
  await assert.rejects(resolver.resolve6("example.com"), { code: "EREFUSED" });
});

test("its own client gets large answers in one datagram", async (t) => {
  const { host, port } = await start(t);
  const found = await ask({ host, port, from: undefined }, "web.internal", "AAAA");
  assert.ok("records" in found);
  assert.equal(found.records.length, 200);
});

test("what is no DNS gets no answer, and does no harm", async (t) => {
  const { host, port } = await start(t);
  const socket = connect(port, host);
  socket.end(Buffer.from([0, 3, 1, 2, 3]));
  await once(socket, "close");
  assert.ok("records" in (await ask({ host, port, from: undefined }, "90801.vm.web.internal", "AAAA")));
});

test("an answer that comes when the question was sent again already is taken", async (t) => {
  const server = createSocket("udp4");
  t.after(() => server.close());
  const asked: [question: Buffer, from: RemoteInfo][] = [];
  server.on("message", (message, from) => {
    asked.push([message, from]);
    const [first] = asked;
    if (asked.length !== 2 || first === undefined) return;
    const { id = 0 } = packet.decode(first[0]);
    const answers = [{ type: "TXT", name: "web.internal", data: "late" } as const];
    server.send(packet.encode({ type: "response", id, answers }), first[1].port, first[1].address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const found = await ask({ host: "127.0.0.1", port: server.address().port, from: undefined }, "web.internal", "TXT");
  assert.deepEqual("records" in found && found.records, [["late"]]);
});
