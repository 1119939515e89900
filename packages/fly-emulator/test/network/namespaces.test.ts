import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import { Guardian } from "../../src/guests/guardian.ts";
import { namespaceNetwork } from "../../src/network/namespaces.ts";
import type { MachineAddress } from "../../src/network/network.ts";
import { fly } from "../harness.ts";

const possible = process.platform === "linux" && process.getuid?.() === 0 && existsSync("/proc/self/ns/net");

/** Serves on every address and the same port, and asks another machine for its name. */
const SCRIPT = `
  const http = require("node:http");
  const { env } = process;
  http.createServer((req, res) => res.end(JSON.stringify({ id: env.FLY_MACHINE_ID }))).listen(8080, "::", () => {
    console.log("ready");
    require("node:dns").lookup("fly-local-6pn", { family: 6 }, (error, address) => console.log("6pn", address));
    require("node:dns").lookup(env.FLY_MACHINE_ID + ".vm.demo.internal", { family: 6 }, (error, address) =>
      console.log("dns", error ?? address));
    fetch(env.FLY_FLAPS_BASE_URL + "/v1/apps").then((answer) => console.log("api", answer.status), console.log);
    if (env.PEER) fetch("http://[" + env.PEER + "]:8080/").then((r) => r.json()).then((r) => console.log("peer", r.id), console.log);
  });
`;

test(
  "with network namespaces every machine has an fdaa: address and all ports to itself",
  { skip: !possible },
  async (t) => {
    const f = await fly(t, { network: "namespaces" });
    const init = { exec: [process.execPath, "-e", SCRIPT] };
    const first = await f.create({ init });
    assert.match(first.private_ip, /^fdaa:/);
    await f.line(first, /^ready/);
    const second = await f.create({ init, env: { PEER: first.private_ip } });
    await f.line(second, new RegExp(`^peer ${first.id}`));
    await f.line(second, new RegExp(`^6pn ${second.private_ip}`));
    await f.line(second, new RegExp(`^dns ${second.private_ip}`));
    await f.line(second, /^api 401/);

    const known = f.emulator.world.app("demo").machine(second.id);
    const answer = await new Promise((resolve, reject) => {
      get({ host: known.serviceIp, port: 8080 }, (response) => resolve(json(response))).on("error", reject);
    });
    assert.deepEqual(answer, { id: second.id });
    const exec = await f.ok("POST", `/apps/demo/machines/${second.id}/exec`, { cmd: "ip -6 -o addr show dev eth0" });
    assert.match(exec.stdout, new RegExp(second.private_ip));

    const namespaces = (): string[] => execFileSync("ip", ["netns", "list"], { encoding: "utf8" }).split("\n");
    const mine = known.address.enter[3] ?? "";
    assert.ok(namespaces().some((line) => line.startsWith(mine)));
    await f.emulator.close();
    assert.ok(!namespaces().some((line) => line.startsWith(mine)));
    assert.equal(existsSync(`/etc/netns/${mine}`), false);
    assert.doesNotMatch(execFileSync("ip", ["link"], { encoding: "utf8" }), new RegExp(mine.split("-")[0] ?? "-"));
  },
);

test("networks that are made at the same moment have addresses of their own", { skip: !possible }, async (t) => {
  const guardian = new Guardian("no-machine", mkdtempSync(join(tmpdir(), "flamelet-fly-")));
  t.after(() => guardian.close());
  const networks = await Promise.all([1, 2, 3].map((n) => namespaceNetwork(guardian, Buffer.from([7, 0, 0, n]))));
  const addresses = networks.map((network) => network.take());
  await Promise.all(networks.map((network, at) => network.ready(addresses[at] as MachineAddress)));
  const prefixes = addresses.map(({ serviceIp }) => serviceIp.split(".").slice(0, 2).join("."));
  assert.equal(new Set(prefixes).size, 3, prefixes.join());
  await Promise.all(networks.map((network) => network.close()));
});
