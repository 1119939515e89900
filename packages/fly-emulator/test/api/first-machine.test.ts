import assert from "node:assert/strict";
import { test } from "node:test";
import { alive, fly } from "../harness.ts";

test("a machine is made, runs the image, is stopped, started and destroyed", async (t) => {
  const f = await fly(t);
  const machine = await f.create({ env: { GREETING: "hello" } }, { name: "one", region: "lhr" });
  assert.match(machine.id, /^[0-9a-f]{14}$/);
  assert.equal(machine.state, "created");
  assert.equal(machine.region, "lhr");

  await f.reach(machine, "started");
  const { env, pid } = await f.ask(machine);
  assert.equal(env.GREETING, "hello");
  assert.equal(env.FROM_IMAGE, "yes");
  assert.equal(env.FLY_MACHINE_ID, machine.id);
  assert.equal(env.FLY_PRIVATE_IP, machine.private_ip);
  assert.equal(env.FLY_IMAGE_REF, `registry.fly.io/demo:1@${machine.image_ref.digest}`);

  await f.ok("POST", `/apps/demo/machines/${machine.id}/stop`);
  await f.reach(machine, "stopped");
  assert.equal(alive(pid), false);

  assert.deepEqual(await f.ok("POST", `/apps/demo/machines/${machine.id}/start`), {
    previous_state: "stopped",
    migrated: false,
    new_host: "",
  });
  await f.reach(machine, "started");
  assert.deepEqual(await f.ok("DELETE", `/apps/demo/machines/${machine.id}?force=true`), { ok: true });
  await f.reach(machine, "destroyed");
  assert.deepEqual(await f.ok("GET", "/apps/demo/machines"), []);
  const [exit] = (await f.ok("GET", `/apps/demo/machines/${machine.id}/events`)).filter((e: any) => e.type === "exit");
  assert.equal(exit.request.exit_event.requested_stop, true);
});

test("a token that is not known is refused, with the body that Fly sends", async (t) => {
  const f = await fly(t);
  const answer = await f.call("GET", "/apps/demo", undefined, { authorization: "Bearer nobody" });
  assert.equal(answer.status, 401);
  assert.deepEqual(answer.body, { error: "Authenticate: token validation error" });
});
