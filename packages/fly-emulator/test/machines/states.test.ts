import assert from "node:assert/strict";
import { test } from "node:test";
import { noTimes } from "../../src/index.ts";
import { IMAGE, alive, fly } from "../harness.ts";

const at = (machine: { id: string }, action = ""): string => `/apps/demo/machines/${machine.id}${action}`;

test("a machine passes the states that Fly documents, and its events tell of them, newest first", async (t) => {
  const f = await fly(t);
  const seen: string[] = [];
  f.emulator.world.events.on("machine", (machine) => seen.push(machine.state));
  const machine = await f.create();
  await f.reach(machine, "started");
  await f.line(machine, /^ready/);
  await f.ok("POST", at(machine, "/suspend"));
  await f.reach(machine, "suspended");
  await f.ok("POST", at(machine, "/start"));
  await f.reach(machine, "started");
  await f.ok("POST", at(machine, "/stop"));
  await f.reach(machine, "stopped");
  await f.ok("DELETE", at(machine));
  await f.reach(machine, "destroyed");
  assert.deepEqual(
    seen,
    "created starting started suspending suspended starting started stopping stopped destroying destroyed".split(" "),
  );
  const events = (await f.ok("GET", at(machine, "/events"))).reverse();
  assert.deepEqual(
    events.map((event: any) => `${event.type}/${event.status}/${event.source}`),
    [
      "launch/created/user",
      "start/starting/flyd",
      "start/started/flyd",
      "suspend/suspending/user",
      "suspend/suspended/flyd",
      "start/starting/user",
      "start/started/flyd",
      "exit/stopped/flyd",
      "destroy/destroying/user",
      "destroy/destroyed/flyd",
    ],
  );
});

test("suspend stops the process where it stands, and start lets the same one go on", async (t) => {
  const f = await fly(t);
  const machine = await f.create();
  await f.reach(machine, "started");
  const first = await f.ask(machine);
  assert.equal(first.count, 1);
  await f.ok("POST", at(machine, "/suspend"));
  await f.reach(machine, "suspended");
  await assert.rejects(fetch((await f.line(machine, /^ready/)).slice(9), { signal: AbortSignal.timeout(200) }));
  await f.ok("POST", at(machine, "/start"));
  await f.reach(machine, "started");
  const second = await f.ask(machine);
  assert.equal(second.pid, first.pid);
  assert.ok(second.count > 1);
});

test("a stop of a suspended machine throws its snapshot away: the next start is a boot", async (t) => {
  const f = await fly(t);
  const machine = await f.create();
  await f.reach(machine, "started");
  const { pid } = await f.ask(machine);
  await f.ok("POST", at(machine, "/suspend"));
  await f.reach(machine, "suspended");
  await f.ok("POST", at(machine, "/stop"));
  await f.reach(machine, "stopped");
  assert.equal(alive(pid), false);
  await f.ok("POST", at(machine, "/start"));
  await f.reach(machine, "started");
  assert.notEqual(f.emulator.world.app("demo").machine(machine.id).life.pid, pid);
});

test("a stop while a suspended machine resumes does not wait for what stands still", async (t) => {
  const f = await fly(t, { times: { ...noTimes, resume: Infinity } });
  const machine = await f.create({ stop_config: { timeout: "5m" } });
  await f.reach(machine, "started");
  await f.line(machine, /^ready/);
  await f.ok("POST", at(machine, "/suspend"));
  await f.reach(machine, "suspended");
  await f.ok("POST", at(machine, "/start"));
  await f.ok("POST", at(machine, "/stop"));
  await f.reach(machine, "stopped");
});

test("what Fly refuses in a state is refused with Fly's text", async (t) => {
  const f = await fly(t, { times: { ...noTimes, create: Infinity } });
  const created = await f.create();
  const refused = async (status: number, error: string | RegExp, method: string, path: string, body?: unknown) => {
    const answer = await f.call(method, path, body);
    assert.equal(answer.status, status);
    if (typeof error === "string") assert.equal(answer.body.error, error);
    else assert.match(answer.body.error, error);
  };
  await refused(
    412,
    "failed_precondition: unable to start machine from current state: 'created'",
    "POST",
    at(created, "/start"),
  );
  await refused(412, "failed_precondition: machine not running", "POST", at(created, "/exec"), { cmd: "true" });
  await refused(404, "machine not found", "GET", at({ id: "00000000000000" }));
  await refused(404, "app not found", "GET", "/apps/nobody/machines");
  await refused(400, /MANIFEST_UNKNOWN/, "POST", "/apps/demo/machines", { config: { image: "nobody/knows" } });
  await refused(400, /must not start with FLY_/, "POST", "/apps/demo/machines", {
    config: { image: IMAGE, env: { FLY_X: "1" } },
  });
  await refused(400, /config.guest.memory_mb: 300 is not possible/, "POST", "/apps/demo/machines", {
    config: { image: IMAGE, guest: { cpu_kind: "shared", cpus: 1, memory_mb: 300 } },
  });
  await refused(
    400,
    "json: cannot unmarshal array into Go value of type main.stopRequest",
    "POST",
    at(created, "/stop"),
    [],
  );
  await refused(
    400,
    "invalid_argument: invalid WaitMachineRequest.Timeout: value must be inside range [1s, 1m0s]",
    "GET",
    at(created, "/wait?timeout=61"),
  );
  await refused(
    408,
    "deadline_exceeded: machine failed to reach desired state, started, currently created",
    "GET",
    at(created, "/wait?timeout=1"),
  );
});

test("a start right after a stop is refused as still active, and a second start as under way", async (t) => {
  const f = await fly(t, { times: { ...noTimes, stillActive: Infinity, start: Infinity } });
  const machine = await f.create({}, { skip_launch: true });
  await f.reach(machine, "stopped");
  await f.ok("POST", at(machine, "/start"));
  const second = await f.call("POST", at(machine, "/start"));
  assert.deepEqual([second.status, second.body.error], [412, "failed_precondition: machine still attempting to start"]);
  await f.ok("POST", at(machine, "/stop"));
  await f.reach(machine, "stopped");
  const third = await f.call("POST", at(machine, "/start"));
  assert.deepEqual(
    [third.status, third.body.error],
    [412, "failed_precondition: machine still active, refusing to start"],
  );
});

test("a running machine is destroyed only by force, and its name is free again", async (t) => {
  const f = await fly(t);
  const machine = await f.create({}, { name: "twin" });
  const again = await f.call("POST", "/apps/demo/machines", { name: "twin", config: { image: IMAGE } });
  assert.equal(again.status, 409);
  assert.equal(
    again.body.error,
    `already_exists: unique machine name violation, machine ID ${machine.id} already exists with name "twin"`,
  );
  await f.reach(machine, "started");
  const gentle = await f.call("DELETE", at(machine));
  assert.equal(gentle.status, 412);
  await f.ok("DELETE", `${at(machine)}?kill=true`);
  await f.reach(machine, "destroyed");
  assert.deepEqual(await f.ok("DELETE", at(machine)), { ok: true });
  assert.equal((await f.ok("GET", at(machine))).state, "destroyed");
  assert.notEqual((await f.create({}, { name: "twin" })).id, machine.id);
  assert.deepEqual(
    (await f.ok("GET", "/apps/demo/machines?include_deleted=true")).map((m: any) => m.id === machine.id),
    [true, false],
  );
});

test("an update makes a new version with the whole of the new config; a stopped machine stays stopped", async (t) => {
  const f = await fly(t);
  const machine = await f.create({ env: { A: "1" }, metadata: { k: "v" } });
  await f.reach(machine, "started");
  assert.equal((await f.ask(machine)).env.A, "1");
  const stale = await f.call("POST", at(machine), { current_version: "other", config: { image: IMAGE } });
  assert.equal(stale.status, 409);
  const updated = await f.ok("POST", at(machine), { config: { image: IMAGE, env: { B: "2" } } });
  assert.notEqual(updated.instance_id, machine.instance_id);
  assert.equal(updated.state, "replacing");
  assert.equal(updated.config.metadata, undefined);
  await f.reach(machine, "started");
  await f.ok("POST", at(machine, "/stop"));
  await f.reach(machine, "stopped");
  await f.ok("POST", at(machine), { config: { image: IMAGE, env: { C: "3" } } });
  await f.line(machine, /non-started state prior to the update so leaving the new version stopped/);
  await f.reach(machine, "stopped");
  assert.equal((await f.ok("GET", at(machine, "/versions"))).length, 3);
  await f.ok("POST", at(machine, "/start"));
  await f.reach(machine, "started");
});

test("while an update replaces a machine, a start and another update are refused", async (t) => {
  const f = await fly(t);
  const config = { image: IMAGE, env: { STUBBORN: "1" }, stop_config: { timeout: "5m" } };
  const machine = await f.create(config);
  await f.line(machine, /^ready/);
  await f.ok("POST", at(machine), { config });
  const start = await f.call("POST", at(machine, "/start"));
  assert.deepEqual(
    [start.status, start.body.error],
    [412, "failed_precondition: machine getting replaced, refusing to start"],
  );
  const second = await f.call("POST", at(machine), { config });
  assert.deepEqual(
    [second.status, second.body.error],
    [409, "aborted: machine update failed due to concurrent update"],
  );
});

test("a list is filtered by metadata, region and state", async (t) => {
  const f = await fly(t);
  await f.create({ metadata: { pool: "a", build: "1" } }, { name: "a1", region: "lhr", skip_launch: true });
  const b = await f.create({ metadata: { pool: "b", build: "1" } }, { name: "b1", region: "syd" });
  await f.reach(b, "started");
  const names = async (query: string): Promise<string[]> =>
    (await f.ok("GET", `/apps/demo/machines?${query}`)).map(({ name }: { name: string }) => name);
  assert.deepEqual(await names("metadata.pool=a"), ["a1"]);
  assert.deepEqual(await names("metadata.build=1"), ["a1", "b1"]);
  assert.deepEqual(await names("metadata.build=1&metadata.pool=b"), ["b1"]);
  assert.deepEqual(await names("region=syd"), ["b1"]);
  assert.deepEqual(await names("state=stopped,suspended"), ["a1"]);
  await f.ok("POST", at(b, "/metadata/pool"), { value: "a" });
  assert.deepEqual(await names("metadata.pool=a"), ["a1", "b1"]);
  assert.deepEqual(await f.ok("GET", at(b, "/metadata")), { pool: "a", build: "1" });
  assert.equal((await f.ok("GET", at(b))).instance_id, b.instance_id);
});

test("a lease keeps others from changing a machine until it ends", async (t) => {
  const f = await fly(t);
  const machine = await f.create({}, { lease_ttl: 30 });
  await f.reach(machine, "started");
  const { nonce } = machine;
  assert.match(nonce, /\w+/);
  const holder = { "fly-machine-lease-nonce": nonce };
  for (const [method, path] of [
    ["POST", at(machine, "/stop")],
    ["POST", at(machine, "/suspend")],
    ["POST", at(machine, "/restart")],
    ["POST", at(machine, "/cordon")],
    ["POST", at(machine, "/lease")],
    ["DELETE", `${at(machine)}?force=true`],
  ] as const) {
    const answer = await f.call(method, path);
    assert.equal(answer.status, 409, `${method} ${path}`);
    assert.match(answer.body.message, /lease currently held by .*, expires at 20/);
  }
  await f.ok("POST", at(machine, "/metadata/free"), { value: "yes" });
  const longer = await f.call("POST", at(machine, "/lease"), { ttl: 60, description: "mine" }, holder);
  assert.deepEqual([longer.status, longer.body.data.nonce, longer.body.data.description], [201, nonce, "mine"]);
  await f.ok("POST", at(machine, "/cordon"), undefined, holder);
  await f.ok("DELETE", at(machine, "/lease"), undefined, holder);
  assert.equal((await f.call("GET", at(machine, "/lease"))).status, 404);
  await f.ok("POST", at(machine, "/stop"));
});
