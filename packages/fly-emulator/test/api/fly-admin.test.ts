import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import type Client from "fly-admin/dist/client.js";
import { IMAGE, fly } from "../harness.ts";

// The package's own `createClient` takes a token only; its class takes the base URL too.
const { default: FlyAdmin } = createRequire(import.meta.url)("fly-admin/dist/client.js") as {
  default: (typeof Client)["default"];
};

test("fly-admin, as it is on npm, works through all its Machines API calls", async (t) => {
  const f = await fly(t);
  const client = new FlyAdmin(f.emulator.token, { apiUrl: f.url });

  const app_name = "admin-app";
  await client.App.createApp({ org_slug: "personal", app_name } as never);
  assert.equal((await client.App.getApp(app_name)).name, app_name);
  assert.deepEqual(
    (await client.App.listApps("personal")).apps.map((app: { name: string }) => app.name),
    ["demo", app_name],
  );

  const volume = await client.Volume.createVolume({ app_name, name: "data", region: "ams", size_gb: 1 } as never);
  assert.equal((await client.Volume.getVolume({ app_name, volume_id: volume.id })).name, "data");
  assert.equal((await client.Volume.listVolumes(app_name)).length, 1);
  const extended = await client.Volume.extendVolume({ app_name, volume_id: volume.id, size_gb: 2 });
  assert.equal((extended as any).volume.size_gb, 2);
  assert.deepEqual(await client.Volume.listSnapshots({ app_name, volume_id: volume.id }), []);

  const made = await client.Machine.createMachine({ app_name, name: "first", config: { image: IMAGE } } as never);
  const machine_id = made.id;
  const at = { app_name, machine_id };
  const wait = (state: string): Promise<unknown> =>
    client.Machine.waitMachine({ ...at, instance_id: made.instance_id, state, timeout: "10s" } as never);
  await wait("started");
  assert.equal((await client.Machine.getMachine(at)).state, "started");
  assert.equal((await client.Machine.listMachines(app_name)).length, 1);
  assert.equal((await client.Machine.listMachines({ app_name, region: "syd" } as never)).length, 0);
  await f.line({ id: machine_id }, /^ready/);
  assert.equal(((await client.Machine.listProcesses(at)) as unknown as unknown[]).length, 1);
  await client.Machine.signalMachine({ ...at, signal: "SIGUSR1" as never });
  await f.line({ id: machine_id }, /got SIGUSR1/);

  await client.Machine.cordonMachine(at);
  await client.Machine.uncordonMachine(at);
  const restarted = f.emulator.world
    .app(app_name)
    .machine(machine_id)
    .until(({ state }) => state === "restarting");
  await client.Machine.restartMachine(at);
  await restarted;
  await client.Machine.waitMachine({ ...at, state: "started", timeout: "10s" } as never);

  const before = (await client.Machine.getMachine(at)).instance_id;
  const updated = await client.Machine.updateMachine({ ...at, config: { image: IMAGE, env: { A: "1" } } } as never);
  assert.notEqual(updated.instance_id, before);
  await client.Machine.waitMachine({ ...at, state: "started", timeout: "10s" } as never);
  assert.equal((await client.Machine.listVersions(at)).length, 2);
  assert.equal((await client.Machine.listEvents(at))[0]?.type, "start");

  const lease = await client.Machine.acquireLease({ ...at, ttl: 60 } as never);
  assert.equal((await client.Machine.getLease(at)).data?.nonce, lease.data?.nonce);
  await assert.rejects(client.Machine.stopMachine(at), /409.*lease currently held/);
  f.emulator.world.app(app_name).machine(machine_id).lease = null;

  await client.Machine.stopMachine(at);
  await client.Machine.waitMachine({ ...at, state: "stopped", timeout: "10s" } as never);
  await client.Machine.startMachine(at);
  await client.Machine.waitMachine({ ...at, state: "started", timeout: "10s" } as never);
  await assert.rejects(client.Machine.deleteMachine(at as never), /412.*unable to destroy machine/);
  await client.Machine.deleteMachine({ ...at, force: true } as never);
  await client.Machine.waitMachine({ ...at, state: "destroyed", timeout: "10s" } as never);

  await client.Volume.deleteVolume({ app_name, volume_id: volume.id });
  await client.App.deleteApp(app_name);
  await assert.rejects(client.App.getApp(app_name), /404.*app not found/);
});
