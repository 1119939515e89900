import assert from "node:assert/strict";
import { test } from "node:test";
import { IMAGE, fly } from "../harness.ts";

test("apps: names are unique, and a deleted app takes its machines with it", async (t) => {
  const f = await fly(t);
  const created = await f.call("POST", "/apps", { name: "shop", org_slug: "acme", network: "own" });
  assert.equal(created.status, 201);
  assert.match(created.headers.get("set-cookie") ?? "", /^fly_flaps_affinity=.*Path=\/v1\/apps\/shop/);
  const twice = await f.call("POST", "/apps", { name: "shop", org_slug: "acme" });
  assert.deepEqual(
    [twice.status, twice.body],
    [422, { error: "Validation failed: Name has already been taken", status: "name_taken" }],
  );
  assert.equal((await f.call("POST", "/apps", { name: "other" })).status, 400);
  assert.equal((await f.call("GET", "/apps")).status, 400);
  const { total_apps, apps } = await f.ok("GET", "/apps?org_slug=acme");
  assert.deepEqual([total_apps, apps[0].name, apps[0].network, apps[0].machine_count], [1, "shop", "own", 0]);

  const machine = await f.ok("POST", "/apps/shop/machines", { config: { image: IMAGE } });
  const known = f.emulator.world.app("shop").machine(machine.id);
  await known.until(({ state }) => state === "started");
  assert.equal((await f.call("DELETE", "/apps/shop")).status, 202);
  await known.until(({ state }) => state === "destroyed");
  assert.equal((await f.call("GET", "/apps/shop")).status, 404);
});

test("a deploy token is good for its app only, in either way of writing it", async (t) => {
  const f = await fly(t);
  await f.ok("POST", "/apps", { name: "other", org_slug: "personal" });
  const { token } = await f.ok("POST", "/apps/demo/deploy_token", { expiry: "1h" });
  assert.match(token, /^FlyV1 fm2_/);
  for (const authorization of [token, `Bearer ${token.slice("FlyV1 ".length)}`]) {
    assert.equal((await f.call("GET", "/apps/demo/machines", undefined, { authorization })).status, 200);
    const foreign = await f.call("GET", "/apps/other", undefined, { authorization });
    assert.deepEqual([foreign.status, foreign.body], [403, { error: "unauthorized" }]);
  }
  const current = await f.call("GET", "/tokens/current", undefined, { authorization: token });
  assert.equal(current.status, 200);
  assert.deepEqual(current.body.tokens[0].apps, ["demo"]);
});

test("a path that is not there is plain text, as on Fly, and a body that is not JSON is told", async (t) => {
  const f = await fly(t);
  const { url, token } = f.emulator;
  const nowhere = await fetch(`${url}/v1/nowhere`, { headers: { authorization: `Bearer ${token}` } });
  assert.deepEqual([nowhere.status, await nowhere.text()], [404, "404 page not found\n"]);
  assert.match(nowhere.headers.get("fly-request-id") ?? "", /^[0-9A-Z]{26}-/);
  const broken = await fetch(`${url}/v1/apps/demo/machines`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: "{",
  });
  assert.equal(broken.status, 400);
  assert.match(((await broken.json()) as { error: string }).error, /invalid JSON/);
});

test("secrets: names and digests, values only where they are asked for; a machine may do without", async (t) => {
  const f = await fly(t);
  const set = await f.call("POST", "/apps/demo/secrets/KEY", { value: "v" });
  assert.deepEqual([set.status, set.body.version], [201, 1]);
  const { secrets } = await f.ok("GET", "/apps/demo/secrets");
  assert.deepEqual([secrets[0].name, secrets[0].value], ["KEY", undefined]);
  assert.equal((await f.ok("GET", "/apps/demo/secrets/KEY?show_secrets=true")).value, "v");
  const without = await f.create({}, { skip_secrets: true });
  assert.equal((await f.ask(without)).env.KEY, undefined);
  assert.equal((await f.ask(await f.create())).env.KEY, "v");
  await f.ok("DELETE", "/apps/demo/secrets/KEY");
  assert.equal((await f.call("GET", "/apps/demo/secrets/KEY")).status, 404);
});

test("what runs in a machine, and its memory", async (t) => {
  const f = await fly(t);
  const machine = await f.create();
  const { pid } = await f.ask(machine);
  const [first] = await f.ok("GET", `/apps/demo/machines/${machine.id}/ps?sort_by=rss&order=desc`);
  assert.equal(first.pid, pid);
  assert.match(first.command, /app\.mjs$/);
  assert.match(first.listen_sockets[0].address, new RegExp(`^${machine.private_ip}:\\d+$`));
  assert.equal((await f.call("GET", `/apps/demo/machines/${machine.id}/ps?sort_by=colour`)).status, 400);
  const memory = await f.ok("GET", `/apps/demo/machines/${machine.id}/memory`);
  assert.equal(memory.limit_mb, 256);
  assert.ok(memory.available_mb < 256);
  assert.equal((await f.ok("PUT", `/apps/demo/machines/${machine.id}/memory`, { limit_mb: 128 })).limit_mb, 128);
  assert.deepEqual(await f.ok("POST", `/apps/demo/machines/${machine.id}/memory/reclaim`, { amount_mb: 1 }), {
    actual_mb: 0,
  });
});

test("addresses, regions, placements", async (t) => {
  const f = await fly(t);
  const { ip } = await f.ok("POST", "/apps/demo/ip_assignments", { type: "private_v6" });
  assert.match(ip, /^fdaa:/);
  assert.deepEqual(
    (await f.ok("GET", "/apps/demo/ip_assignments")).ips.map((each: any) => each.ip),
    [ip],
  );
  const nowhere = await f.call("POST", "/apps/demo/ip_assignments", { type: "private_v6", network: "nowhere" });
  assert.deepEqual([nowhere.status, nowhere.body.error], [400, "network not found"]);
  assert.equal((await f.call("DELETE", `/apps/demo/ip_assignments/${ip}`)).status, 204);

  const { Regions, Nearest } = await f.ok("GET", "/platform/regions");
  assert.equal(Nearest, "ams");
  assert.ok(Regions.some(({ code, latitude }: any) => code === "syd" && latitude < 0));
  f.emulator.world.faults.add({ kind: "no-capacity", region: "lhr" });
  const placed = await f.ok("POST", "/platform/placements", { org_slug: "personal", region: "lhr,cdg", count: 2 });
  assert.deepEqual(placed.Regions, [{ Region: "cdg", Count: 2, Concurrency: 1 }]);
});

test("the machines of an organisation, page by page", async (t) => {
  const f = await fly(t);
  for (const name of ["a", "b", "c"]) await f.create({}, { name, skip_launch: true });
  const names: string[] = [];
  let cursor = "";
  do {
    const page = await f.ok("GET", `/orgs/personal/machines?limit=2&cursor=${cursor}`);
    names.push(...page.machines.map((machine: any) => `${machine.app_name}/${machine.name}`));
    cursor = page.next_cursor;
  } while (cursor !== "");
  assert.deepEqual(names.sort(), ["demo/a", "demo/b", "demo/c"]);
  await f.ok("POST", "/apps/demo/volumes", { name: "data", region: "ams" });
  assert.equal((await f.ok("GET", "/orgs/personal/volumes")).volumes[0].name, "data");
  assert.deepEqual((await f.ok("GET", "/orgs/nobody/machines")).machines, []);
});

test("wait: several states, settled, a version that was replaced, and events since one that is known", async (t) => {
  const f = await fly(t);
  const machine = await f.create({ env: { EXIT: "0" }, restart: { policy: "no" } });
  const path = `/apps/demo/machines/${machine.id}`;
  assert.equal((await f.ok("GET", `${path}/wait?state=stopped&state=failed&timeout=10`)).state, "stopped");
  assert.equal((await f.ok("GET", `${path}/wait?state=settled&timeout=10`)).state, "stopped");
  const events = await f.ok("GET", `${path}/events`);
  const launch = events.at(-1).id;
  // It was started, though it is so no more.
  const seen = await f.ok("GET", `${path}/wait?state=started&from_event_id=${launch}&timeout=10`);
  assert.equal(events.find((event: any) => event.id === seen.event_id).status, "started");
  await f.ok("POST", path, { config: { image: IMAGE } });
  await f.ok("GET", `${path}/wait?state=stopped&instance_id=${machine.instance_id}&timeout=10`);
  assert.match(
    (await f.call("GET", `${path}/wait?state=happy`)).body.error,
    /invalid WaitMachineRequest.State: "happy"/,
  );
});
