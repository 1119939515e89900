import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test, type TestContext } from "node:test";
import { noTimes, startEmulator } from "../../src/index.ts";
import { zoneOf } from "../../src/dns/world-zone.ts";
import { environmentOf } from "../../src/world/boot.ts";
import { createMachine } from "../../src/world/create-machine.ts";
import { machineAt } from "../../src/world/machine-at.ts";
import type { Machine } from "../../src/world/machine.ts";

const fixture = fileURLToPath(new URL("../fixtures/looks-up.mjs", import.meta.url));
const preload = fileURLToPath(import.meta.resolve("@flamelet/fly-emulator/preload"));
const bin = (name: string): string => fileURLToPath(new URL(`../../../../node_modules/.bin/${name}`, import.meta.url));

/** What two machines of one app, in two regions, find: the first one's findings, and the two. */
async function findings(
  t: TestContext,
  command: string[],
): Promise<{ found: Record<string, any>; first: Machine; second: Machine }> {
  const fly = await startEmulator({ times: noTimes, images: { "registry.fly.io/web:1": { command } } });
  t.after(() => fly.close());
  const { world } = fly;
  const app = world.createApp({ name: "web", org: "personal" });
  const make = (region: string): Machine => {
    const config = { image: "registry.fly.io/web:1", env: { DENO_NO_UPDATE_CHECK: "1" } };
    return createMachine(world, app, { region, config, skipLaunch: false, cordoned: false });
  };
  const second = make("nrt");
  await said(world, second, "done");
  const first = make("ams");
  await said(world, first, "done");
  const lines = world.logs
    .find({ machine: first.id })
    .filter(({ stream, text }) => stream === "stdout" && text !== "done");
  return { found: Object.assign({}, ...lines.map(({ text }) => JSON.parse(text))), first, second };
}

async function said(
  world: Awaited<ReturnType<typeof startEmulator>>["world"],
  machine: Machine,
  text: string,
): Promise<void> {
  await new Promise<void>((resolve) => {
    world.events.on("log", (line) => line.machine === machine.id && line.text === text && resolve());
  });
}

const COMMANDS = {
  Node: [process.execPath, fixture],
  Bun: [bin("bun"), fixture],
  // Deno has no environment variable for it.
  Deno: [bin("deno"), "run", "-A", "--no-config", "--preload", preload, fixture],
};

for (const [runtime, command] of Object.entries(COMMANDS)) {
  test(`${runtime}: names of the private network are found, and a server that listens everywhere has its own address`, async (t) => {
    const { found, first, second } = await findings(t, command);
    const own = `::ffff:${first.privateIp}`;
    const both = [`::ffff:${second.privateIp}`, own];
    assert.equal(found["listening"], first.privateIp);
    assert.deepEqual(found["dns.lookup"], [both[0], 6]);
    assert.deepEqual(found["dns.lookup all"], [both.map((address) => ({ address, family: 6 }))]);
    assert.deepEqual(found["dns.lookup IPv4"], { code: "ENOTFOUND" });
    assert.deepEqual(found["dns.resolve6"], [both]);
    assert.deepEqual(found["dns.resolve AAAA"], [both]);
    assert.deepEqual(found["dns.resolve4"], { code: "ENODATA" });
    assert.deepEqual(found["dns.resolveTxt"], [[[`${second.id} nrt,${first.id} ams`]]]);
    assert.deepEqual(found["dns.lookup nobody"], { code: "ENOTFOUND" });
    assert.deepEqual(found["dns.lookup own"], [first.privateIp, 4]);
    assert.deepEqual(found["dns.lookup other"], ["127.0.0.1", 4]);
    assert.deepEqual(found["promises.lookup"], { address: both[0], family: 6 });
    assert.deepEqual(
      found["promises.resolve6 ttl"],
      both.map((address) => ({ address, ttl: 5 })),
    );
    assert.deepEqual(found["promises.resolveTxt"], [["ams,nrt"]]);
    assert.deepEqual(found["promises.resolve6 nobody"], { code: "ENOTFOUND" });
    assert.deepEqual(found["Resolver"], both);
    assert.deepEqual(found["nearest"], [own]);
    assert.equal(found["net.connect"], 8080);
    assert.equal(found["http.get"], "hello");
    assert.equal(found["fetch"], "hello");
    if (runtime !== "Node") return;
    // Bun and Deno bind a named import of a built-in module for good.
    assert.deepEqual(found["named lookup"], { address: both[0], family: 6 });
    assert.deepEqual(found["named resolve6"], both);
    assert.deepEqual(found["named resolveTxt"], [[`${second.id} nrt,${first.id} ams`]]);
  });
}

test("the app's own NODE_OPTIONS and the preload go together; without the preload, they are alone", async (t) => {
  for (const preloaded of [true, false]) {
    const images = { "registry.fly.io/web:1": { command: ["sleep", "100"], env: { NODE_OPTIONS: "--no-warnings" } } };
    const fly = await startEmulator({ times: noTimes, images, preload: preloaded });
    t.after(() => fly.close());
    const app = fly.world.createApp({ name: "web", org: "personal" });
    const config = { image: "registry.fly.io/web:1" };
    const machine = createMachine(fly.world, app, { region: "ams", config, skipLaunch: true, cordoned: false });
    const expected = preloaded ? /^--import=file:.*preload\.ts --no-warnings$/ : /^--no-warnings$/;
    assert.match(environmentOf(fly.world, machine)["NODE_OPTIONS"] ?? "", expected);
  }
});

test("another private network, and a machine that is not registered, are not seen", async (t) => {
  const fly = await startEmulator({
    times: noTimes,
    images: { "registry.fly.io/web:1": { command: ["sleep", "100"] } },
  });
  t.after(() => fly.close());
  const { world } = fly;
  const make = (name: string, network: string, hidden: boolean): Machine => {
    const app = world.apps.get(name) ?? world.createApp({ name, org: "personal", network });
    const config = { image: "registry.fly.io/web:1", ...(hidden ? { dns: { skip_registration: true } } : {}) };
    return createMachine(world, app, { region: "ams", config, skipLaunch: false, cordoned: false });
  };
  const [web, hidden, apart] = [make("web", "", false), make("web", "", true), make("apart", "own", false)];
  assert.equal(machineAt(world, apart.privateIp), apart);
  const seen = (asker: Machine | undefined) => zoneOf(world, asker, undefined).machines.map(({ id }) => id);
  assert.deepEqual(seen(web), [web.id]);
  assert.deepEqual(seen(apart), [apart.id]);
  assert.deepEqual(seen(undefined), [web.id, apart.id]);
  assert.ok(hidden.id !== web.id);
});
