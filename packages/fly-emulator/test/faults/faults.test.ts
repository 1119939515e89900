import assert from "node:assert/strict";
import { test } from "node:test";
import { IMAGE, alive, fly } from "../harness.ts";

const config = { image: IMAGE };
const MACHINES = "/apps/demo/machines";

test("no capacity: a region is full, the next of the list takes the machine, and a start finds its host full", async (t) => {
  const f = await fly(t, { faults: [{ kind: "no-capacity", region: "gru", action: "create" }] });
  const full = await f.call("POST", MACHINES, { region: "gru", config });
  assert.deepEqual(
    [full.status, full.body],
    [422, { error: "could not find a candidate host", status: "insufficient_capacity" }],
  );
  const machine = await f.ok("POST", MACHINES, { region: "gru,syd", config, skip_launch: true });
  assert.equal(machine.region, "syd");
  await f.reach(machine, "stopped");

  const { faults } = f.emulator.world;
  faults.add({ kind: "no-capacity", action: "start", times: 1 });
  const start = await f.call("POST", `${MACHINES}/${machine.id}/start`);
  assert.equal(start.status, 409);
  assert.match(start.body.error, /^aborted: could not reserve resource for machine: insufficient memory/);
  await f.ok("POST", `${MACHINES}/${machine.id}/start`);

  for (const [scope, status, error] of [
    ["host", 409, /^aborted: insufficient resources/],
    ["quota", 403, /over the allowed quota. please consider other regions/],
    ["machine-limit", 422, /reached its machine limit/],
  ] as const) {
    faults.add({ kind: "no-capacity", scope, times: 1 });
    const answer = await f.call("POST", MACHINES, { config });
    assert.equal(answer.status, status);
    assert.match(answer.body.error, error);
  }
  const gpu = await f.call("POST", MACHINES, { config: { ...config, size: "a10" } });
  assert.equal(gpu.body.status, "insufficient_capacity");
});

test("rate limit, 5xx and slowness strike the action that they name, as often as they say", async (t) => {
  const f = await fly(t);
  const { faults } = f.emulator.world;
  faults.add({ kind: "rate-limit", action: "list", times: 1 });
  faults.add({ kind: "error", action: "list", status: 502, times: 1 });
  faults.add({ kind: "slow", action: "list", ms: 50, times: 1 });
  const statuses = [];
  for (let call = 0; call < 3; call++) statuses.push((await f.call("GET", MACHINES)).status);
  assert.deepEqual(statuses, [429, 502, 200]);
  assert.deepEqual(faults.list(), []);
  assert.equal((await f.call("GET", "/apps/demo")).status, 200);
});

test("a lost reply: the machine is there, and whoever made it does not hear of it", async (t) => {
  const f = await fly(t);
  f.emulator.world.faults.add({ kind: "lost-reply", action: "create", times: 1 });
  await assert.rejects(f.call("POST", MACHINES, { name: "mine", config }), /fetch failed/);
  const [machine] = await f.ok("GET", MACHINES);
  const again = await f.call("POST", MACHINES, { name: "mine", config });
  assert.match(again.body.error, new RegExp(`machine ID ${machine.id} already exists with name "mine"`));
});

test("stuck in created: it stays there until it is destroyed by force", async (t) => {
  const f = await fly(t);
  f.emulator.world.faults.add({ kind: "stuck-created", times: 1 });
  const stuck = await f.create();
  const fine = await f.create();
  await f.reach(fine, "started");
  assert.equal((await f.ok("GET", `${MACHINES}/${stuck.id}`)).state, "created");
  await f.ok("DELETE", `${MACHINES}/${stuck.id}?force=true`);
  await f.reach(stuck, "destroyed");
});

test("a stale list does not know the newest machines, and still has the ones just destroyed", async (t) => {
  const f = await fly(t);
  const machine = await f.create();
  await f.reach(machine, "started");
  const fault = f.emulator.world.faults.add({ kind: "stale-list", ms: 60_000 });
  assert.deepEqual(await f.ok("GET", MACHINES), []);
  f.emulator.world.faults.remove(fault.id);
  assert.equal((await f.ok("GET", MACHINES)).length, 1);
});

test("a lost snapshot makes a resume a cold boot", async (t) => {
  const f = await fly(t);
  const machine = await f.create();
  await f.reach(machine, "started");
  const { pid } = await f.ask(machine);
  await f.ok("POST", `${MACHINES}/${machine.id}/suspend`);
  await f.reach(machine, "suspended");
  f.emulator.world.faults.add({ kind: "snapshot-lost", times: 1 });
  await f.ok("POST", `${MACHINES}/${machine.id}/start`);
  await f.reach(machine, "started");
  const now = f.emulator.world.app("demo").machine(machine.id).life.pid;
  assert.notEqual(now, pid);
  assert.equal(alive(pid), false);
});

test("a lease that Fly itself holds refuses a change without a second client", async (t) => {
  const f = await fly(t);
  const machine = await f.create();
  f.emulator.world.faults.add({ kind: "lease-held", action: "stop", times: 1 });
  const refused = await f.call("POST", `${MACHINES}/${machine.id}/stop`);
  assert.equal(refused.status, 409);
  assert.match(refused.body.message, /lease currently held by fly-proxy@tokens\.fly\.io, expires at 20/);
});

test("a dead host: its machine keeps its state, cannot be started, and a destroy waits for the host", async (t) => {
  const f = await fly(t);
  const machine = await f.create({}, { region: "fra" });
  const other = await f.create({}, { region: "lhr" });
  await f.reach(machine, "started");
  await f.reach(other, "started");
  const { pid } = await f.ask(machine);
  const fault = f.emulator.world.faults.add({ kind: "host-dead", region: "fra" });
  const seen = await f.ok("GET", `${MACHINES}/${machine.id}`);
  assert.deepEqual([seen.state, seen.host_status, seen.config], ["started", "unreachable", undefined]);
  assert.equal(seen.incomplete_config.image, IMAGE);
  assert.equal((await f.ok("GET", `${MACHINES}/${other.id}`)).host_status, "ok");
  assert.equal((await f.call("POST", `${MACHINES}/${machine.id}/stop`)).status, 503);
  await f.ok("DELETE", `${MACHINES}/${machine.id}?force=true`);
  assert.equal((await f.ok("GET", `${MACHINES}/${machine.id}`)).state, "destroying");
  f.emulator.world.faults.remove(fault.id);
  await f.reach(machine, "destroyed");
  assert.equal(alive(pid), false);
});

test("faults are switched by HTTP, and a wrong one is told what it may be", async (t) => {
  const f = await fly(t);
  const { url, token } = f.emulator;
  const call = async (method: string, path: string, body?: object): Promise<{ status: number; body: any }> => {
    const response = await fetch(`${url}/_emulator${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  const { body: fault } = await call("POST", "/faults", { kind: "error", app: "demo", action: "get", times: 5 });
  assert.deepEqual((await call("GET", "/faults")).body, [fault]);
  assert.equal((await call("DELETE", `/faults/${fault.id}`)).status, 204);
  assert.equal((await call("DELETE", `/faults/${fault.id}`)).status, 404);
  const wrong = await call("POST", "/faults", { kind: "earthquake" });
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.error, /there is no fault "earthquake"; there are no-capacity, /);
  assert.match((await call("POST", "/faults", { kind: "error", app: 3 })).body.error, /app of a fault must be a text/);
  assert.equal((await fetch(`${url}/_emulator/state`)).status, 401);
});
