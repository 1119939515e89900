import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fly } from "../harness.ts";

const possible = process.platform === "linux" && process.getuid?.() === 0 && existsSync("/proc/self/ns/net");

/** Keeps one connection to its peer, and says each number that comes back; a number goes out when it is told one. */
const SCRIPT = `
  const net = require("node:net");
  const { env } = process;
  net.createServer((socket) => socket.pipe(socket)).listen(8080, "::", () => console.log("ready"));
  if (env.PEER) {
    const socket = net.connect(8080, env.PEER, () => console.log("connected"));
    socket.on("data", (data) => console.log("back " + data));
    process.on("SIGUSR1", () => socket.write("sent"));
    process.on("SIGUSR2", () => {
      net.connect(8080, env.PEER, () => console.log("connected again"));
      console.log("connects again");
    });
  }
`;

test(
  "a cut between two regions is one between their machines: silence, and all arrives when it is undone",
  { skip: !possible },
  async (t) => {
    const f = await fly(t, { network: "namespaces" });
    const { world } = f.emulator;
    const config = { init: { exec: [process.execPath, "-e", SCRIPT] } };
    const first = await f.create(config, { region: "ams" });
    await f.line(first, /^ready/);
    const second = await f.create({ ...config, env: { PEER: first.private_ip } }, { region: "nrt" });
    const same = await f.create({ ...config, env: { PEER: first.private_ip } }, { region: "ams" });
    const { life } = world.app("demo").machine(second.id);
    await Promise.all([f.line(second, /^connected$/), f.line(same, /^connected$/)]);
    life.signal("SIGUSR1");
    await f.line(second, /^back sent/);

    const cut = world.faults.add({ kind: "network-cut", region: "ams", peer: "nrt" });
    await world.network.separate([
      [world.app("demo").machine(first.id).address, world.app("demo").machine(second.id).address],
    ]);
    life.signal("SIGUSR2");
    await f.line(second, /^connects again/);
    life.signal("SIGUSR1");
    world.app("demo").machine(same.id).life.signal("SIGUSR1");
    await f.line(same, /^back sent/);
    const late = await f.create({ ...config, env: { PEER: first.private_ip } }, { region: "nrt" });
    await f.line(late, /^ready/);
    const said = (machine: { id: string }, text: string): number =>
      world.logs.find({ machine: machine.id }).filter((line) => line.text === text).length;
    assert.deepEqual([said(second, "back sent"), said(second, "connected again"), said(late, "connected")], [1, 0, 0]);

    world.faults.remove(cut.id);
    await f.line(late, /^connected$/);
    await f.line(second, /^connected again/);
    while (said(second, "back sent") < 2) await new Promise((resolve) => world.events.once("log", resolve));
  },
);
