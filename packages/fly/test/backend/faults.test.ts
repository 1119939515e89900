import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { flame, RunnerLostError } from "flamelet";
import { FlyApi } from "../../src/index.ts";
import * as app from "./fixtures/app.ts";
import { backend, BUILD, image, IMAGE, startFly, UNLIMITED } from "./harness.ts";

process.env["FLAME_BUILD_ID"] = BUILD;

const entry = fileURLToPath(new URL("./fixtures/app.ts", import.meta.url));

test("while Fly loses answers, refuses, fails and dawdles, no call is lost, and nothing is left", async (t) => {
  const emulator = await startFly(t, { images: { [IMAGE]: image(entry) } });
  const { world, url: baseUrl, token } = emulator;
  // No pauses: how long they are is tested elsewhere.
  const api = new FlyApi({ baseUrl, token, rates: UNLIMITED, random: () => 0 });
  const fly = backend(emulator, { api, regions: ["lhr", "ams"] });
  world.faults.add({ kind: "lost-reply", action: "create", probability: 0.3 });
  world.faults.add({ kind: "lost-reply", action: "delete", probability: 0.3 });
  world.faults.add({ kind: "error", action: "create", probability: 0.2 });
  world.faults.add({ kind: "error", action: "wait", probability: 0.2 });
  world.faults.add({ kind: "rate-limit", action: "create", probability: 0.2 });
  world.faults.add({ kind: "no-capacity", region: "lhr", probability: 0.5, scope: "region" });
  world.faults.add({ kind: "slow", action: "create", probability: 0.2, ms: 100 });
  const names = new Map<string, number>();
  world.events.on("machine", (machine) => {
    if (machine.state === "created") names.set(machine.name, (names.get(machine.name) ?? 0) + 1);
  });
  // Each call has a runner of its own, one after the other, two at a time.
  const pool = flame.pool(`faults-${randomBytes(3).toString("hex")}`, {
    max: 2,
    maxConcurrency: 1,
    idleShutdownAfter: 1,
    backend: fly,
  });
  const call = async (): Promise<string> => {
    const { machine } = await flame.call(pool, app.whereAmI);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return machine;
  };
  const chains = [1, 2].map(async () => {
    const machines: string[] = [];
    for (let i = 0; i < 6; i++) machines.push(await call());
    return machines;
  });
  assert.equal((await Promise.all(chains)).flat().filter((machine) => machine !== "").length, 12);
  assert.deepEqual(
    [...names].filter(([, made]) => made > 1),
    [],
    "no machine was made twice",
  );
  await pool.close();
  world.faults.clear();
  while (world.machines().length > 0) await new Promise((resolve) => world.events.once("machine", resolve));
  assert.deepEqual(await fly.list(), []);
});

test("how a runner ended is told, though Fly's answer that it has was lost", async (t) => {
  // Pauses are as long as they may be.
  t.mock.method(Math, "random", () => 0.999);
  const emulator = await startFly(t, { images: { [IMAGE]: image(entry) } });
  emulator.world.faults.add({ kind: "lost-reply", action: "wait", times: 1 });
  const name = `faults-${randomBytes(3).toString("hex")}`;
  const pool = flame.pool(name, { max: 1, backend: backend(emulator) });
  await assert.rejects(flame.call(pool, app.crash), (error) => RunnerLostError.is(error) && error.exit?.code === 7);
  await pool.close();
});
