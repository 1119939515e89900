import assert from "node:assert/strict";
import { test } from "node:test";
import { fly } from "../../src/index.ts";
import { orphansAmong } from "../../src/backend/orphans.ts";
import { PARKED, standbyTags, TAKEN, tagsOf } from "../../src/backend/tags.ts";
import { client, IMAGE, startFly } from "./harness.ts";

const HOUR = 3_600_000;

test("orphans are runners whose parent's machine is gone, stopped, or has long run another version", async (t) => {
  const emulator = await startFly(t);
  const api = client(emulator);
  const machines = api.machines("demo");
  const idle = { image: IMAGE, init: { exec: ["sleep", "600"] } };
  const parent = async (): Promise<{ id: string; instance_id: string }> => {
    const made = await machines.create({ config: idle });
    await machines.wait(made.id, "started");
    return made;
  };
  const [living, stopped, destroyed, deployed] = [await parent(), await parent(), await parent(), await parent()];
  const runnerOf = async (name: string, self: Parameters<typeof tagsOf>[1]): Promise<void> => {
    const metadata = tagsOf({ name, pool: "p", parentId: "x", buildId: "b", epoch: 1 }, self);
    await machines.create({ name, config: { ...idle, metadata } });
  };
  for (const [name, { id, instance_id: version }] of Object.entries({ living, stopped, destroyed, deployed }))
    await runnerOf(`of-${name}`, { app: "demo", id, version });
  await runnerOf("of-elsewhere", null);
  await runnerOf("of-another-app", { app: "not-ours", id: "x", version: null });
  await machines.create({ name: "no-runner", config: idle });

  await machines.stop(stopped.id, { signal: "SIGKILL" });
  await machines.wait(stopped.id, "stopped");
  await machines.delete(destroyed.id, { force: true });
  await machines.update(deployed.id, { config: idle });
  await machines.wait(deployed.id, "started");

  const orphans = async (after: number): Promise<string[]> =>
    (await orphansAmong(await machines.list(), api, Date.now() + after)).map(({ name }) => name).sort();
  assert.deepEqual(await orphans(0), [], "they are young yet");
  assert.deepEqual(await orphans(150_000), ["of-destroyed", "of-stopped"]);
  assert.deepEqual(await orphans(HOUR), ["of-deployed", "of-destroyed", "of-stopped"]);
  // An API that fails is no proof of anything.
  emulator.world.faults.add({ kind: "error", action: "get" });
  assert.deepEqual(await orphans(HOUR), []);
  const backend = fly({ api: client(emulator), app: "demo", image: IMAGE, regions: "ams", host: "127.0.0.1" });
  assert.deepEqual(await backend.orphans?.(), []);
});

test("orphans are standby machines whose image no other machine has, or that were taken and left", async (t) => {
  const old = "registry.fly.io/demo:old";
  const emulator = await startFly(t, {
    images: { [IMAGE]: { command: ["sleep", "600"] }, [old]: { command: ["sleep", "601"] } },
  });
  const api = client(emulator);
  const machines = api.machines("demo");
  const key = { pool: "p", buildId: "b" };
  const make = async (name: string, image: string, metadata: Record<string, string>): Promise<string> => {
    const { id } = await machines.create({ name, skip_launch: true, config: { image, metadata } });
    await machines.wait(id, "stopped");
    return id;
  };
  const runner = tagsOf({ ...key, name: "r", parentId: "x", epoch: 1 }, null);
  await make("parked-old", old, standbyTags(key, PARKED.stopped));
  await make("parked-old-used", old, { ...runner, ...standbyTags(key, PARKED.stopped) });
  await make("parked-new", IMAGE, standbyTags(key, PARKED.stopped));
  await make("taken", IMAGE, { ...runner, ...standbyTags(key, TAKEN) });
  const orphans = async (after: number): Promise<string[]> => {
    const found = await orphansAmong(await machines.list(), api, Date.now() + after);
    const named = await Promise.all(found.map(async ({ id }) => (await machines.get(id)).name));
    return named.sort();
  };
  assert.deepEqual(await orphans(HOUR), ["taken"], "without another machine, nobody knows what is outdated");
  await machines.create({ name: "web", config: { image: IMAGE } });
  assert.deepEqual(await orphans(590_000), []);
  assert.deepEqual(await orphans(HOUR), ["parked-old", "parked-old-used", "taken"]);
});
