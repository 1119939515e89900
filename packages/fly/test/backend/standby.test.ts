import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Emulator } from "@flamelet/fly-emulator";
import { flame, type MachineSpec, type Pool, type PoolOptions, type StandbyMachines } from "flamelet";
import * as app from "./fixtures/app.ts";
import { backend, BUILD, image, IMAGE, startFly } from "./harness.ts";

process.env["FLAME_BUILD_ID"] = BUILD;

const never = new AbortController().signal;
const KEY = { pool: "pool", buildId: BUILD, mode: "stopped" } as const;
const entry = fileURLToPath(new URL("./fixtures/app.ts", import.meta.url));

function spec(rest: Partial<MachineSpec> = {}): MachineSpec {
  const name = `pool-1-${randomBytes(4).toString("hex")}`;
  return {
    pool: KEY.pool,
    buildId: BUILD,
    name,
    parentId: "parent",
    epoch: 1,
    env: { A: name },
    onOutput() {},
    ...rest,
  };
}

let emulator: Emulator;
before(async () => (emulator = await startFly(null, { images: { [IMAGE]: image(entry) } })));
after(() => emulator.close());

function standby(): StandbyMachines {
  return backend(emulator).standby ?? assert.fail("there is none");
}

async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const machineOf = (id: string) => emulator.world.machines().find((machine) => machine.id === id);

describe("a standby machine", () => {
  test("is stopped, belongs to nobody, and can be taken until it is", async () => {
    const { id } = await standby().prepare(KEY, never);
    assert.equal(machineOf(id)?.state, "stopped");
    assert.deepEqual(await backend(emulator).list(), []);
    const [parked] = await standby().list(KEY);
    assert.equal(parked?.id, id);
    assert.deepEqual(await standby().list({ ...KEY, pool: "another" }), []);
    assert.deepEqual(await standby().list({ ...KEY, buildId: "another" }), []);
    const boot = spec();
    const machine = await standby().start(parked ?? assert.fail(), boot, never);
    assert.equal(machine?.id, id);
    assert.equal(machineOf(id)?.config.env?.["A"], boot.name);
    assert.deepEqual(await standby().list(KEY), []);
    const [listing] = await backend(emulator).list();
    assert.deepEqual([listing?.id, listing?.name], [id, boot.name]);
    await backend(emulator).destroy({ id });
    await machine?.exited;
  });

  test("is had by one of those who want it, and the others are told", async () => {
    const { id } = await standby().prepare(KEY, never);
    const views = await Promise.all([1, 2, 3].map(async () => (await standby().list(KEY))[0] ?? assert.fail()));
    const got = await Promise.all(views.map((view) => standby().start(view, spec(), never)));
    assert.equal(got.filter((machine) => machine !== null).length, 1);
    // Also long after, by who still believes in it.
    assert.equal(await standby().start(views[0] ?? assert.fail(), spec(), never), null);
    await backend(emulator).destroy({ id });
    await until(() => machineOf(id) === undefined);
    assert.equal(await standby().start(views[0] ?? assert.fail(), spec(), never), null);
  });

  test("is prepared once, though the answer was lost, and not at all when there is no room", async () => {
    emulator.world.faults.add({ kind: "lost-reply", action: "create", times: 1 });
    const { id } = await standby().prepare(KEY, never);
    assert.deepEqual(
      emulator.world.machines().map((machine) => machine.id),
      [id],
    );
    emulator.world.faults.add({ kind: "no-capacity", action: "create", times: 1 });
    await assert.rejects(standby().prepare(KEY, never), /candidate host|capacity/);
    await backend(emulator).destroy({ id });
    await until(() => emulator.world.machines().length === 0);
  });

  test("whose boot is given up is destroyed", async () => {
    const { id } = await standby().prepare(KEY, never);
    const [view] = await standby().list(KEY);
    const giveUp = new AbortController();
    const starting = standby().start(view ?? assert.fail(), spec(), giveUp.signal);
    giveUp.abort("enough");
    await assert.rejects(starting, (reason) => reason === "enough");
    await until(() => machineOf(id) === undefined);
  });

  test("that somebody starts by hand ends at once, and is not taken for the app", async () => {
    const { id } = await standby().prepare(KEY, never);
    machineOf(id)?.life.start();
    await until(() => machineOf(id)?.state === "stopped" && (machineOf(id)?.events.length ?? 0) > 2);
    const exit = machineOf(id)?.events[0]?.request as { exit_event: { exit_code: number } };
    assert.equal(exit.exit_event.exit_code, 78);
    await backend(emulator).destroy({ id });
  });
});

describe("a pool with standby machines", () => {
  const poolOf = (options: PoolOptions): Pool =>
    flame.pool(`pool-${randomBytes(3).toString("hex")}`, { maxConcurrency: 1, backend: backend(emulator), ...options });

  test("boots one of them, keeps as many as it was told, and parks what retires in peace", async () => {
    const pool = poolOf({ max: 1, idleShutdownAfter: 50, standby: { count: 1 } });
    await until(() => pool.stats().standby === 1);
    const [prepared] = emulator.world.machines();
    // Fly has no room for another one from here on.
    emulator.world.faults.add({ kind: "no-capacity", action: "create" });
    const first = await flame.call(pool, app.whereAmI);
    assert.equal(first.machine, prepared?.id);
    assert.deepEqual([pool.stats().runners, pool.stats().standby], [1, 0]);
    await until(() => pool.stats().standby === 1);
    assert.equal(pool.stats().runners, 0);
    const second = await flame.call(pool, app.whereAmI);
    assert.equal(second.machine, prepared?.id);
    assert.notEqual(second.runner, first.runner, "it is another runner, with a secret of its own");
    emulator.world.faults.clear();
    await flame.call(pool, app.crash).then(
      () => assert.fail("it did not crash"),
      () => {},
    );
    await until(() => machineOf(prepared?.id ?? "") === undefined);
    await until(() => pool.stats().standby === 1);
    pool.update({ standby: { count: 0 } });
    await until(() => emulator.world.machines().length === 0);
    await pool.close();
  });

  test("shares them with other parents, and leaves them to the next one", async () => {
    const name = `pool-${randomBytes(3).toString("hex")}`;
    const before = flame.pool(name, { backend: backend(emulator), standby: { count: 2 } });
    await until(() => before.stats().standby === 2);
    await before.close();
    const ids = emulator.world.machines().map(({ id }) => id);
    assert.equal(ids.length, 2);
    emulator.world.faults.add({ kind: "no-capacity", action: "create" });
    const next = flame.pool(name, { backend: backend(emulator), standby: { count: 2 }, idleShutdownAfter: 100 });
    await until(() => next.stats().standby === 2);
    assert.ok(ids.includes((await flame.call(next, app.whereAmI)).machine));
    emulator.world.faults.clear();
    next.update({ standby: { count: 0 } });
    await next.drain();
    for (const { id } of emulator.world.machines()) await backend(emulator).destroy({ id });
  });
});

describe("suspended standby machines", () => {
  const SUSPENDED = { ...KEY, mode: "suspended" } as const;
  before(() => emulator.world.apps.get("demo")?.setSecret("FLY_API_TOKEN", emulator.token, Date.now()));
  beforeEach(() => emulator.world.faults.clear());

  async function asleep(options: PoolOptions = {}): Promise<Pool> {
    const pool = flame.pool(`pool-${randomBytes(3).toString("hex")}`, {
      maxConcurrency: 1,
      max: 1,
      backend: backend(emulator),
      standby: { count: 1, mode: "suspended" },
      ...options,
    });
    await until(() => pool.stats().standby === 1);
    return pool;
  }

  async function none(pool: Pool): Promise<void> {
    pool.update({ standby: { count: 0, mode: "suspended" } });
    await until(() => pool.stats().standby === 0);
    await pool.close();
    for (const { id } of emulator.world.machines()) await backend(emulator).destroy({ id });
    await until(() => emulator.world.machines().length === 0);
  }

  test("go on where they were, as the runner of whoever took them", async () => {
    const pool = await asleep();
    const [prepared] = emulator.world.machines();
    assert.equal(prepared?.state, "suspended");
    emulator.world.faults.add({ kind: "no-capacity", action: "create" });
    const { machine, runner, loadedAt } = await flame.call(pool, app.whereAmI);
    assert.equal(machine, prepared?.id);
    assert.match(runner, /^pool-.*-1-/);
    const [resumed] = prepared?.events.filter(({ type }) => type === "start") ?? [];
    assert.ok(loadedAt < (resumed?.timestamp ?? 0), "its app was loaded before");
    assert.equal(prepared?.config.metadata?.["flame_claim"], undefined, "the secret is gone");
    await none(pool);
  });

  test("are had by one of those who want them", async () => {
    const { id } = await standby().prepare(SUSPENDED, never);
    const views = await Promise.all([1, 2, 3].map(async () => (await standby().list(SUSPENDED))[0] ?? assert.fail()));
    assert.deepEqual(await standby().list(KEY), [], "they are not of the other mode");
    const got = await Promise.all(views.map((view) => standby().start(view, spec(), never)));
    assert.equal(got.filter((machine) => machine !== null).length, 1);
    assert.equal(await standby().start(views[0] ?? assert.fail(), spec(), never), null);
    await backend(emulator).destroy({ id });
  });

  test("that lost their memory boot, and are no worse", async () => {
    const pool = await asleep();
    const [prepared] = emulator.world.machines();
    emulator.world.faults.add({ kind: "no-capacity", action: "create" });
    emulator.world.faults.add({ kind: "snapshot-lost", machine: prepared?.id ?? "", times: 1 });
    const { machine } = await flame.call(pool, app.whereAmI);
    assert.equal(machine, prepared?.id);
    await none(pool);
  });

  test("are destroyed when their runner has retired, and replaced", async () => {
    const pool = await asleep({ idleShutdownAfter: 50 });
    const [prepared] = emulator.world.machines();
    await flame.call(pool, app.whereAmI);
    await until(() => pool.stats().standby === 1 && machineOf(prepared?.id ?? "") === undefined);
    await none(pool);
  });
});
