import assert from "node:assert/strict";
import { test } from "node:test";
import { IMAGE, fly } from "../harness.ts";

const at = (machine: { id: string }, action = ""): string => `/apps/demo/machines/${machine.id}${action}`;
const print = `console.log(process.argv.slice(1).join(" ") || "none")`;

test("what runs: init.exec before all, else entrypoint and cmd, each before the image's command", async (t) => {
  const images = { echo: { command: [process.execPath, "-e", print, "image"] } };
  const f = await fly(t, { images });
  const once = { restart: { policy: "no" } };
  const says = async (config: object): Promise<string> => {
    const machine = await f.create({ ...once, ...config });
    await f.reach(machine, "stopped");
    return f.emulator.world.logs
      .find({ machine: machine.id })
      .map(({ text }) => text)
      .join();
  };
  const node = [process.execPath, "-e", print];
  assert.equal(await says({ image: "echo" }), "image");
  assert.equal(await says({ image: "echo", init: { cmd: [...node, "cmd"] } }), "cmd");
  assert.equal(await says({ image: "echo", init: { entrypoint: [...node, "entry"], cmd: ["cmd"] } }), "entry cmd");
  assert.equal(await says({ image: "echo", init: { exec: [...node, "exec"], cmd: ["cmd"] } }), "exec");
  assert.equal(await says({ image: "echo", processes: [{ exec: [...node, "process"] }] }), "process");
});

test("a process may have an environment, fields of its machine, and secrets of its own", async (t) => {
  const f = await fly(t);
  await f.ok("POST", "/apps/demo/secrets", { values: { KEY: "k", OTHER: "o" } });
  const machine = await f.create({
    env: { A: "machine", B: "machine" },
    processes: [
      {
        env: { B: "process" },
        env_from: [{ env_var: "WHERE", field_ref: "region" }],
        secrets: [{ env_var: "MAPPED", name: "KEY" }],
        ignore_app_secrets: true,
      },
    ],
  });
  const { env } = await f.ask(machine);
  assert.deepEqual([env.A, env.B, env.WHERE, env.MAPPED, env.OTHER], ["machine", "process", "ams", "k", undefined]);
  const two = await f.call("POST", "/apps/demo/machines", { config: { image: IMAGE, processes: [{}, {}] } });
  assert.equal(two.status, 400);
});

test("sizes: defaults, presets, and what is not possible", async (t) => {
  const f = await fly(t);
  const guest = async (config: object): Promise<unknown> =>
    (await f.create(config, { skip_launch: true })).config.guest;
  assert.deepEqual(await guest({}), { cpu_kind: "shared", cpus: 1, memory_mb: 256 });
  assert.deepEqual(await guest({ size: "performance-2x" }), { cpu_kind: "performance", cpus: 2, memory_mb: 4096 });
  const wrong = await f.call("POST", "/apps/demo/machines", { config: { image: IMAGE, size: "huge" } });
  assert.match(wrong.body.error, /there is no size "huge"/);
});

test("autostop is answered as Fly answers it: false, true or suspend", async (t) => {
  const f = await fly(t);
  const services = ["off", "stop", "suspend"].map((autostop, n) => ({
    internal_port: 8080 + n,
    protocol: "tcp",
    autostop,
  }));
  const machine = await f.create({ services }, { skip_launch: true });
  assert.deepEqual(
    machine.config.services.map(({ autostop }: { autostop: unknown }) => autostop),
    [false, true, "suspend"],
  );
});

test("what cannot be suspended is not: much memory, swap, a schedule", async (t) => {
  const f = await fly(t);
  for (const config of [
    { guest: { cpu_kind: "performance", cpus: 1, memory_mb: 4096 } },
    { init: { swap_size_mb: 512 } },
    { schedule: "daily" },
  ]) {
    const machine = await f.create(config);
    await f.reach(machine, "started");
    const refused = await f.call("POST", at(machine, "/suspend"));
    assert.equal(refused.status, 412);
    assert.match(refused.body.error, /^failed_precondition: unable to suspend machine/);
  }
});

test("a cordoned machine says so; skip_service_registration makes it so from the beginning", async (t) => {
  const f = await fly(t);
  const machine = await f.create({}, { skip_service_registration: true, skip_launch: true });
  assert.equal(machine.cordoned, true);
  await f.ok("POST", at(machine, "/uncordon"));
  assert.equal((await f.ok("GET", at(machine))).cordoned, undefined);
});

test("`always` restarts what ended well, too", async (t) => {
  const f = await fly(t);
  const machine = await f.create({
    init: { exec: ["sh", "-c", "echo round; sleep 0.1"] },
    restart: { policy: "always" },
  });
  const known = f.emulator.world.app("demo").machine(machine.id);
  for (let round = 0; round < 2; round++)
    await known.until(({ state }) => state === "restarting").then(() => f.reach(machine, "started"));
  const exit = (await f.ok("GET", at(machine, "/events"))).find((event: any) => event.type === "exit");
  assert.equal(exit.request.exit_event.restarting, true);
});

test("a root file system that cannot be made fails the machine, and says why", async (t) => {
  const f = await fly(t);
  const files = [{ guest_path: "/tmp", raw_value: "" }];
  const machine = await f.create({ files });
  await f.reach(machine, "failed");
  await f.line(machine, /cannot boot: .*EISDIR/);
  await f.ok("DELETE", at(machine));
});
