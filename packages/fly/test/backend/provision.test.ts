import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test, type TestContext } from "node:test";
import { BootError, type MachineSpec } from "flamelet";
import { FakeClock } from "flamelet/testing";
import { backend, BUILD, client, IMAGE, startFly } from "./harness.ts";

const never = new AbortController().signal;

function spec(rest: Partial<MachineSpec> = {}): MachineSpec {
  const name = `pool-1-${randomBytes(4).toString("hex")}`;
  return { name, pool: "pool", parentId: "parent", buildId: BUILD, epoch: 1, env: { A: "1" }, onOutput() {}, ...rest };
}

async function bootError(promise: Promise<unknown>): Promise<BootError> {
  const error: unknown = await promise.then(
    () => assert.fail("it was provisioned"),
    (reason: unknown) => reason,
  );
  assert.ok(BootError.is(error), String(error));
  return error;
}

function environment(t: TestContext, values: Record<string, string>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    t.after(() => (before === undefined ? delete process.env[name] : (process.env[name] = before)));
    process.env[name] = value;
  }
}

async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a machine", () => {
  test("is a copy of the parent's, without what is the parent's own", async (t) => {
    const emulator = await startFly(t);
    const { world } = emulator;
    const api = client(emulator);
    const parent = await api.machines("demo").create({
      config: {
        image: IMAGE,
        init: { cmd: ["sleep", "60"] },
        guest: { cpu_kind: "performance", cpus: 2, memory_mb: 4096 },
        stop_config: { signal: "SIGTERM", timeout: "9s" } as never,
        services: [{ internal_port: 80, protocol: "tcp" }],
        checks: { c: { type: "tcp", port: 80 } as never },
        env: { ONLY_THE_PARENT: "1" },
        metadata: { fly_process_group: "web" },
      },
    });
    const image = `registry.fly.io/demo:1`;
    environment(t, {
      FLY_APP_NAME: "demo",
      FLY_MACHINE_ID: parent.id,
      FLY_IMAGE_REF: image,
      FLY_REGION: "lhr",
      FLY_PRIVATE_IP: "127.0.0.1",
      PASSED_ON: "yes",
      NOT_PASSED_ON: "no",
    });
    const { fly } = await import("../../src/index.ts");
    const made = await fly({ api, inheritEnv: ["PASSED_ON", "NOT_SET"], env: { SET: "2" } }).provision(spec(), never);
    const { config, region } = world.machines().find(({ id }) => id === made.id) ?? assert.fail("there is no machine");
    assert.equal(region, "lhr");
    assert.match(config.image, /^registry\.fly\.io\/demo:1@sha256:[0-9a-f]+$/);
    const { init, guest, stop_config, services, checks, env, metadata, auto_destroy, restart, dns } = config;
    assert.deepEqual(
      { init, guest, stop_config, services, checks, env, metadata, auto_destroy, restart, dns },
      {
        init: { cmd: ["sleep", "60"] },
        guest: { cpu_kind: "performance", cpus: 2, memory_mb: 4096 },
        stop_config: { signal: "SIGTERM", timeout: "9s" },
        services: undefined,
        checks: undefined,
        env: { PASSED_ON: "yes", SET: "2", FLAME_BUILD_ID: BUILD, A: "1" },
        metadata: {
          flame_name: metadata?.["flame_name"],
          flame_pool: "pool",
          flame_parent: "parent",
          flame_build: BUILD,
          flame_epoch: "1",
          flame_parent_machine: parent.id,
          flame_parent_app: "demo",
        },
        auto_destroy: true,
        restart: { policy: "no" },
        dns: { skip_registration: true },
      },
    );
  });

  test("is what the options say, and the last word is the function's", async (t) => {
    const emulator = await startFly(t);
    const made = await backend(emulator, {
      guest: { cpu_kind: "shared", cpus: 4, memory_mb: 1024 },
      config: (config) => ({ ...config, metadata: { ...config.metadata, team: "video" } }),
    }).provision(spec(), never);
    const { config } = emulator.world.machines().find(({ id }) => id === made.id) ?? assert.fail("there is no machine");
    assert.deepEqual(config.guest, { cpu_kind: "shared", cpus: 4, memory_mb: 1024 });
    assert.equal(config.metadata?.["team"], "video");
    assert.equal(config.env?.["FLAME_BUILD_ID"], undefined, "another image may be another build");
  });

  test("whose answer was lost is adopted, and there is one", async (t) => {
    const emulator = await startFly(t);
    emulator.world.faults.add({ kind: "lost-reply", action: "create", times: 1 });
    const made = await backend(emulator).provision(spec(), never);
    assert.deepEqual(
      emulator.world.machines().map(({ id }) => id),
      [made.id],
    );
  });

  test("for which Fly never answers is a transient failure, and should it exist, it goes", async (t) => {
    const emulator = await startFly(t);
    emulator.world.faults.add({ kind: "lost-reply", action: "create", times: 1 });
    emulator.world.faults.add({ kind: "error", action: "create", status: 503 });
    const error = await bootError(backend(emulator).provision(spec(), never));
    assert.equal(error.failure, "transient");
    await until(() => emulator.world.machines().length === 0);
  });

  test("is made in the next region when one is full, and not when the organisation is", async (t) => {
    const emulator = await startFly(t);
    emulator.world.faults.add({ kind: "no-capacity", region: "lhr", action: "create", scope: "region" });
    emulator.world.faults.add({ kind: "no-capacity", region: "cdg", action: "create", scope: "quota" });
    const made = await backend(emulator, { regions: ["lhr", "cdg", "ams"] }).provision(spec(), never);
    assert.equal(emulator.world.machines().find(({ id }) => id === made.id)?.region, "ams");
    emulator.world.faults.clear();
    emulator.world.faults.add({ kind: "no-capacity", region: "lhr", action: "create", scope: "machine-limit" });
    const error = await bootError(backend(emulator, { regions: ["lhr", "ams"] }).provision(spec(), never));
    assert.equal(error.failure, "quota");
  });

  test("of a name that somebody else has is refused", async (t) => {
    const emulator = await startFly(t);
    const wanted = spec();
    await backend(emulator).provision({ ...wanted, parentId: "somebody" }, never);
    const error = await bootError(backend(emulator).provision(wanted, never));
    assert.equal(error.failure, "config");
    assert.equal(emulator.world.machines().length, 1);
  });

  test("whose boot is given up while Fly thinks about it is destroyed", async (t) => {
    const emulator = await startFly(t);
    emulator.world.faults.add({ kind: "slow", action: "create", ms: 50 });
    const giveUp = new AbortController();
    const made = backend(emulator).provision(spec({ hold: () => ({ [Symbol.dispose]: () => {} }) }), giveUp.signal);
    const seen = new Promise<void>((resolve) => emulator.world.events.once("machine", () => resolve()));
    setTimeout(() => giveUp.abort("enough"), 10);
    await assert.rejects(made, (reason) => reason === "enough");
    await seen;
    await until(() => emulator.world.machines().length === 0);
  });

  test("is destroyed though the API fails at first, and though its lease is held for a moment", async (t) => {
    const emulator = await startFly(t);
    const fly = backend(emulator);
    const one = await fly.provision(spec(), never);
    emulator.world.faults.add({ kind: "error", action: "delete", times: 2 });
    await fly.destroy(one);
    await until(() => emulator.world.machines().length === 0);
    const two = await fly.provision(spec(), never);
    await client(emulator).machines("demo").lease(two.id, 1, "a proxy of Fly's");
    await fly.destroy(two);
    await until(() => emulator.world.machines().length === 0);
  });

  test("waits for its turn under the rate limit, without its boot's clock, and is not refused", async (t) => {
    const clock = new FakeClock();
    const emulator = await startFly(t, { rateLimit: true, clock });
    const statuses: number[] = [];
    const { FlyApi } = await import("../../src/index.ts");
    const api = new FlyApi({
      baseUrl: emulator.url,
      token: emulator.token,
      clock,
      fetch: async (request) => {
        const response = await fetch(request);
        statuses.push(response.status);
        return response;
      },
    });
    const held = new Set<string>();
    const fly = backend(emulator, { api });
    const boots = ["a", "b", "c", "d", "e"].map(async (name) => {
      const hold = (): Disposable => {
        held.add(name);
        return { [Symbol.dispose]: () => void held.delete(name) };
      };
      await fly.provision(spec({ hold }), never);
    });
    await Promise.all(boots.slice(0, 3));
    assert.deepEqual([...held], ["d", "e"]);
    // A second, and a little, as the other side may round.
    await clock.advance(1_020);
    await boots[3];
    assert.deepEqual([...held], ["e"]);
    await clock.advance(1_020);
    await boots[4];
    assert.equal(held.size, 0);
    assert.deepEqual(new Set(statuses), new Set([200]));
  });
});
