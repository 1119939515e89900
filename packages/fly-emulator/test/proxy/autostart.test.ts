import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { behind, type Behind } from "./behind.ts";
import { TurnableClock } from "./turnable-clock.ts";

test("a stopped machine is started by a request, which waits for it; without autostart it is a 503", async (t) => {
  const fly = await behind(t);
  const machine = await fly.machine("ams", { as: "stopped", service: { autostart: true } });
  const other = await fly.machine("ams", { as: "stopped" });
  const { json } = await fly.get("/");
  assert.equal(json.id, machine.id);
  assert.equal(other.state, "stopped");
  const types = fly.events.map((event) => event.type).filter((type) => type !== "trouble");
  assert.deepEqual(types, ["request", "wake", "delivery", "end"]);
});

test("a machine that has just been made is waited for, when there is no other", async (t) => {
  const fly = await behind(t, { wakeTimeout: 2000 }, { times: { create: 100 } });
  fly.world.faults.add({ kind: "stuck-created", region: "ams", times: 1 });
  void fly.machine("ams", { as: "started" });
  const made = fly.machine("iad", { as: "started", env: { LISTEN_AFTER: "100" } });
  const answer = fly.get("/", { headers: { "fly-force-region": "iad" } });
  assert.equal((await answer).json.id, (await made).id);
  assert.equal((await fly.get("/", { headers: { "fly-emulator-region": "ams" } })).json.region, "iad");
});

test("a suspended machine goes on where it was", async (t) => {
  const fly = await behind(t);
  const machine = await fly.machine("ams", { service: { autostart: true } });
  const { pid } = machine.life;
  machine.life.suspend();
  await machine.until(({ state }) => state === "suspended");
  assert.equal((await fly.get("/")).json.id, machine.id);
  assert.equal(machine.life.pid, pid);
});

test("the closest stopped machine is started, and one start serves all who wait", async (t) => {
  const fly = await behind(t, { region: "lhr" });
  const make = (region: string) => fly.machine(region, { as: "stopped", service: { autostart: true } });
  const [nrt, ams, iad] = await Promise.all([make("nrt"), make("ams"), make("iad")]);
  const answers = await Promise.all(Array.from({ length: 5 }, () => fly.get("/")));
  assert.deepEqual(new Set(answers.map(({ json }) => json.id)), new Set([ams.id]));
  assert.deepEqual([nrt.state, iad.state], ["stopped", "stopped"]);
  assert.equal(fly.events.filter((event) => event.type === "wake").length, 1);
});

test("above the soft limit another machine is started; at the hard limit of all, requests wait for their turn", async (t) => {
  const fly = await behind(t);
  const service = { autostart: true, concurrency: { type: "requests", soft_limit: 1, hard_limit: 2 } as const };
  const [a, b] = await Promise.all([
    fly.machine("iad", { as: "stopped", service }),
    fly.machine("iad", { as: "stopped", service }),
  ]);
  const held = [await fly.open("/hold")];
  assert.equal(fly.events.filter((event) => event.type === "wake").length, 1);
  held.push(await fly.open("/hold"));
  assert.deepEqual([a.state, b.state], ["started", "started"]);
  held.push(await fly.open("/hold"), await fly.open("/hold"));
  assert.deepEqual([fly.proxy.load(a.id), fly.proxy.load(b.id)], [2, 2]);
  const waiting = fly.get("/");
  while (fly.events.filter((event) => event.type === "request").length < 5) await once(fly.proxy.events, "event");
  assert.equal(fly.events.filter((event) => event.type === "delivery").length, 4);
  held[0]?.destroy();
  assert.equal((await waiting).status, 200);
  for (const each of held) each.destroy();
});

test("who has waited too long for a place gets a 503 with PR04", async (t) => {
  const fly = await behind(t, { queueTimeout: 50 });
  const machine = await fly.machine("iad", { service: { concurrency: { hard_limit: 1 } } });
  const held = await fly.open("/hold");
  const { status, text } = await fly.get("/");
  assert.equal(status, 503);
  assert.match(text, /PR04/);
  assert.equal(fly.proxy.load(machine.id), 1);
  held.destroy();
});

test("a start that the API refuses is PM01, and another machine is tried", async (t) => {
  const fly = await behind(t, { region: "ams" });
  const service = { autostart: true };
  const [ams, iad] = await Promise.all([
    fly.machine("ams", { as: "stopped", service }),
    fly.machine("iad", { as: "stopped", service }),
  ]);
  fly.world.faults.add({ kind: "no-capacity", region: "ams", action: "start" });
  assert.equal((await fly.get("/")).json.id, iad.id);
  assert.deepEqual([ams.state, fly.codes()[0]], ["stopped", "PM01"]);
  fly.world.faults.add({ kind: "no-capacity", action: "start" });
  iad.life.stop();
  const { status, text } = await fly.get("/");
  assert.equal(status, 503);
  assert.match(text, /PM01/);
});

test("a replay to an instance that is stopped starts it", async (t) => {
  const fly = await behind(t, { region: "iad" });
  const [, ams] = await Promise.all([
    fly.machine("iad"),
    fly.machine("ams", { as: "stopped", service: { autostart: true } }),
  ]);
  assert.equal((await fly.get(`/?iad=${encodeURIComponent(`instance=${ams.id}`)}`)).json.id, ams.id);
});

for (const autostop of ["stop", "suspend"] as const) {
  const asleep = autostop === "stop" ? "stopped" : "suspended";
  test(`autostop ${autostop}: what has nothing to do is ${asleep}, and comes back with the next request`, async (t) => {
    const clock = new TurnableClock();
    const fly = await behind(t, { autostopInterval: 300_000 }, { clock });
    const machine = await fly.machine("iad", {
      service: { autostart: true, autostop: autostop === "stop" ? true : "suspend" },
    });
    const held = await fly.open("/hold");
    clock.turn(300_000);
    assert.equal(machine.state, "started");
    held.destroy();
    await fly.idle(machine);
    clock.turn(300_000);
    await machine.until(({ state }) => state === asleep);
    assert.equal((await fly.get("/")).status, 200);
    assert.equal(fly.events.filter((event) => event.type === autostop).length, 1);
  });
}

test("min_machines_running keeps machines in the primary region alone", async (t) => {
  const clock = new TurnableClock();
  const fly = await behind(t, { autostopInterval: 300_000 }, { clock });
  const make = (region: string) =>
    fly.machine(region, { env: { PRIMARY_REGION: "ams" }, service: { autostop: true, min_machines_running: 1 } });
  const [iad, ams] = await Promise.all([make("iad"), make("ams")]);
  clock.turn(300_000);
  await iad.until(({ state }) => state === "stopped");
  clock.turn(300_000);
  assert.equal(ams.state, "started");
});

test("before it stops, it gets nothing new, ends what it has, and its WebSockets are closed with 1001", async (t) => {
  const clock = new TurnableClock();
  const fly = await behind(t, { autostopInterval: 300_000, autostopDrain: 5000 }, { clock });
  const service = { autostop: true, concurrency: { soft_limit: 5 } };
  const [a, b] = await Promise.all([fly.machine("iad", { service }), fly.machine("iad", { service })]);
  const held = await fly.open("/hold", { headers: { "fly-force-instance-id": a.id } });
  const closed = dial(t, fly, a);
  await dial(t, fly, b).open;
  const other = dial(t, fly, b);
  await Promise.all([closed.open, other.open]);
  await fly.open("/hold", { headers: { "fly-force-instance-id": b.id } });
  clock.turn(300_000);
  assert.equal(await closed.code, 1001);
  assert.equal(a.state, "started");
  assert.equal((await fly.get("/")).json.id, b.id);
  held.destroy();
  await a.until(({ state }) => state === "stopped");
  assert.equal(b.state, "started");
});

test("what does not end in time is ended", async (t) => {
  const clock = new TurnableClock();
  const fly = await behind(t, { autostopInterval: 300_000, autostopDrain: 5000 }, { clock });
  const service = { autostop: true };
  const [a, b] = await Promise.all([fly.machine("iad", { service }), fly.machine("iad", { service })]);
  await Promise.all([a, b].map((each) => fly.open("/hold", { headers: { "fly-force-instance-id": each.id } })));
  clock.turn(300_000);
  clock.turn(5000);
  await a.until(({ state }) => state === "stopped");
  assert.equal(b.state, "started");
});

function dial(t: TestContext, fly: Behind, machine: { id: string }): { open: Promise<unknown>; code: Promise<number> } {
  const headers = { host: "demo.fly.dev", "fly-force-instance-id": machine.id };
  const socket = new WebSocket(`ws://127.0.0.1:${fly.proxy.port}/`, { headers });
  t.after(() => socket.terminate());
  return { open: once(socket, "message"), code: once(socket, "close").then(([code]) => code as number) };
}

test("service checks: a machine that fails them gets nothing; one that is started gets its request when they pass", async (t) => {
  const fly = await behind(t);
  const checks = (path: string) => [{ type: "http", port: 8080, path, interval: "100ms", timeout: "1m" }];
  await fly.machine("iad", { service: { checks: checks("/status") } });
  assert.equal((await fly.get("/")).status, 503);
  const service = { autostart: true, checks: checks("/") };
  const sleeper = await fly.machine("ams", { as: "stopped", service, env: { LISTEN_AFTER: "200" } });
  assert.equal((await fly.get("/")).json.id, sleeper.id);
  assert.deepEqual(fly.codes(), ["PR01"]);
  assert.ok(sleeper.healthy);
});
