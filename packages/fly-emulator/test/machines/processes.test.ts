import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { IMAGE, alive, fly } from "../harness.ts";
import { TurnableClock } from "../proxy/turnable-clock.ts";

const at = (machine: { id: string }, action = ""): string => `/apps/demo/machines/${machine.id}${action}`;
const exitOf = async (f: Awaited<ReturnType<typeof fly>>, machine: { id: string }): Promise<any> =>
  (await f.ok("GET", at(machine, "/events"))).find((event: any) => event.type === "exit")?.request.exit_event;

test("a process gets what Fly documents in its environment, the secrets, and nothing of the emulator's own", async (t) => {
  process.env["ONLY_OF_THE_HOST"] = "secret";
  const f = await fly(t);
  await f.ok("POST", "/apps/demo/secrets", { values: { TOKEN: "t0k", GONE: "x" } });
  await f.ok("POST", "/apps/demo/secrets", { values: { GONE: null } });
  const machine = await f.create(
    {
      env: { TOKEN: "weaker", OWN: "1" },
      metadata: { fly_process_group: "web" },
      guest: { cpu_kind: "shared", cpus: 2, memory_mb: 1024 },
    },
    { region: "lhr" },
  );
  const { env } = await f.ask(machine);
  const { FLY_IMAGE_REF, FLY_FLAPS_BASE_URL, ...rest } = env;
  assert.match(FLY_IMAGE_REF, /^registry\.fly\.io\/demo:1@sha256:[0-9a-f]{64}$/);
  assert.match(FLY_FLAPS_BASE_URL, /^http:\/\/127\.\d+\.0\.3:4280$/);
  const expected = {
    FLY_APP_NAME: "demo",
    FLY_MACHINE_ID: machine.id,
    FLY_ALLOC_ID: machine.id,
    FLY_REGION: "lhr",
    FLY_PRIVATE_IP: machine.private_ip,
    FLY_PUBLIC_IP: machine.private_ip,
    FLY_MACHINE_VERSION: machine.instance_id,
    FLY_PROCESS_GROUP: "web",
    FLY_VM_MEMORY_MB: "1024",
    TOKEN: "t0k",
    OWN: "1",
    FROM_IMAGE: "yes",
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, rest[name]])), expected);
  assert.equal(env.ONLY_OF_THE_HOST, undefined);
  assert.equal(env.GONE, undefined);
  // The same image by its digest.
  assert.equal((await f.create({ image: FLY_IMAGE_REF })).image_ref.digest, machine.image_ref.digest);
});

test("what an app wants of its runtime comes beside the emulator's preload", async (t) => {
  const f = await fly(t);
  const { env } = await f.ask(await f.create({ env: { NODE_OPTIONS: "--no-warnings" } }));
  assert.match(env.NODE_OPTIONS, /^--import=file:.*\/preload\.ts --no-warnings$/);
});

test("every machine has an address of its own, so that all can listen on the same port", async (t) => {
  const f = await fly(t);
  const machines = await Promise.all([1, 2, 3].map(() => f.create({ env: { PORT: "8080" } })));
  const answers = await Promise.all(machines.map((machine) => f.ask(machine)));
  assert.deepEqual(
    answers.map(({ env }) => env.FLY_MACHINE_ID),
    machines.map(({ id }) => id),
  );
});

test("a stop sends the configured signal, and SIGKILL after the timeout", async (t) => {
  const clock = new TurnableClock();
  const f = await fly(t, { clock });
  const machine = await f.create({ env: { STUBBORN: "1" }, stop_config: { signal: "SIGTERM", timeout: "2m" } });
  const { pid } = await f.ask(machine);
  await f.ok("POST", at(machine, "/stop"));
  await f.line(machine, /got SIGTERM/);
  clock.turn(60_000);
  assert.equal((await f.ask(machine)).pid, pid);
  clock.turn(60_000);
  await f.reach(machine, "stopped");
  assert.equal(alive(pid), false);
  const exit = await exitOf(f, machine);
  assert.deepEqual([exit.exit_code, exit.guest_signal, exit.requested_stop], [137, 9, true]);

  const other = await f.create();
  await f.ask(other);
  await f.ok("POST", at(other, "/stop"), { signal: "SIGTERM", timeout: "5m" });
  await f.reach(other, "stopped");
  assert.equal((await exitOf(f, other)).exit_code, 0);
});

test("restart ends the process as it is told, and starts another; a signal ends it for good", async (t) => {
  const clock = new TurnableClock();
  const f = await fly(t, { clock });
  const machine = await f.create({ env: { STUBBORN: "1" }, stop_config: { timeout: "5m" }, restart: { policy: "no" } });
  const known = f.emulator.world.app("demo").machine(machine.id);
  const restarted = async (): Promise<any> => {
    await known.until(({ state }) => state === "started");
    return exitOf(f, machine);
  };
  await f.line(machine, /^ready/);
  await f.ok("POST", at(machine, "/restart?signal=SIGTERM&timeout=60"));
  await f.line(machine, /got SIGTERM/);
  clock.turn(60_000);
  assert.deepEqual([(await restarted()).guest_signal, known.life.pid !== null], [9, true]);
  await f.ok("POST", at(machine, "/restart?force_stop=true"));
  assert.equal((await restarted()).requested_stop, true);
  const wrong = await f.call("POST", at(machine, "/signal"), { signal: "SIGNOTHING" });
  assert.equal(wrong.status, 400);
  await f.ok("POST", at(machine, "/signal"), { signal: "SIGKILL" });
  await f.reach(machine, "stopped");
  assert.equal((await exitOf(f, machine)).requested_stop, false);
  const refused = await f.call("POST", at(machine, "/restart"));
  assert.deepEqual(
    [refused.status, refused.body.error],
    [412, "failed_precondition: unable to restart machine from current state: 'stopped'"],
  );
});

test("a crash with restart policy `no` is told with its exit code; auto_destroy then removes the machine", async (t) => {
  const f = await fly(t);
  const machine = await f.create({ env: { EXIT: "3" }, restart: { policy: "no" }, auto_destroy: true });
  await f.reach(machine, "destroyed");
  const exit = await exitOf(f, machine);
  assert.deepEqual([exit.exit_code, exit.requested_stop, exit.restarting], [3, false, false]);
  assert.equal((await f.call("GET", at(machine, "/wait?state=stopped"))).status, 404);
  await f.line(machine, /exits with 3/);
});

test("`on-failure` restarts what crashes, as often as max_retries says, and not what ends well", async (t) => {
  const f = await fly(t);
  const crashing = await f.create({ env: { EXIT: "1" }, restart: { policy: "on-failure", max_retries: 2 } });
  await f.reach(crashing, "stopped");
  const starts = (await f.ok("GET", at(crashing, "/events"))).filter((event: any) => event.status === "started");
  assert.equal(starts.length, 3);
  const fine = await f.create({ env: { EXIT: "0" } });
  await f.reach(fine, "stopped");
  assert.equal((await f.ok("GET", at(fine, "/events"))).filter((event: any) => event.status === "started").length, 1);
});

test("a command that does not exist is an exit with 127 and a line in the log", async (t) => {
  const f = await fly(t);
  const machine = await f.create({ init: { exec: ["/no/such/thing"] }, restart: { policy: "no" } });
  await f.reach(machine, "stopped");
  assert.equal((await exitOf(f, machine)).exit_code, 127);
  await f.line(machine, /could not start: .*ENOENT/);
});

test("exec runs a command beside the process and answers 200 also when that fails", async (t) => {
  const f = await fly(t);
  const machine = await f.create({ env: { NAME: "world" } });
  await f.reach(machine, "started");
  const exec = (body: object): Promise<any> => f.ok("POST", at(machine, "/exec"), body);
  assert.deepEqual(await exec({ cmd: `sh -c 'echo "hello $NAME"; echo oops >&2; exit 4'` }), {
    exit_code: 4,
    exit_signal: 0,
    stdout: "hello world\n",
    stderr: "oops\n",
  });
  assert.equal((await exec({ command: ["cat"], stdin: "in" })).stdout, "in");
  assert.equal((await exec({ command: ["sleep", "60"], timeout: 1 })).exit_code, 137);
  assert.equal((await exec({ command: ["/no/such"] })).exit_code, 127);
  const wrong = await f.call("POST", at(machine, "/exec"), { cmd: ["true"] });
  assert.equal(wrong.status, 400);
});

test(
  "a machine's end is the end of all its processes, also of those that left its group",
  { skip: !existsSync("/proc/self/environ") },
  async (t) => {
    const f = await fly(t);
    const script = "setsid sh -c 'echo stray $$; sleep 600' & wait";
    const machine = await f.create({ init: { exec: ["sh", "-c", script] } });
    const stray = Number((await f.line(machine, /^stray/)).split(" ")[1]);
    assert.equal(alive(stray), true);
    await f.ok("DELETE", `${at(machine)}?force=true`);
    await f.reach(machine, "destroyed");
    assert.equal(alive(stray), false);
  },
);

test("files and volumes are below the machine's folder; a volume keeps what was written", async (t) => {
  const f = await fly(t);
  const volume = await f.ok("POST", "/apps/demo/volumes", { name: "data", region: "lhr", size_gb: 1 });
  const config = {
    image: IMAGE,
    init: {
      exec: ["sh", "-c", 'cat "$HOME/etc/greeting"; echo kept >> "$HOME/data/log"; cat "$HOME/data/log"; echo done'],
    },
    restart: { policy: "no" },
    files: [{ guest_path: "/etc/greeting", raw_value: Buffer.from("hello from a file\n").toString("base64") }],
    mounts: [{ volume: volume.id, path: "/data" }],
  };
  const machine = await f.ok("POST", "/apps/demo/machines", { config });
  assert.equal(machine.region, "lhr");
  await f.line(machine, /hello from a file/);
  await f.reach(machine, "stopped");
  const taken = await f.call("POST", "/apps/demo/machines", { config });
  assert.match(taken.body.error, /volume already claimed by machine/);
  assert.equal((await f.call("DELETE", `/apps/demo/volumes/${volume.id}`)).status, 412);
  await f.ok("DELETE", at(machine));
  await f.reach(machine, "destroyed");
  await f.ok("POST", `/apps/demo/volumes/${volume.id}/snapshots`);
  assert.equal((await f.ok("GET", `/apps/demo/volumes/${volume.id}/snapshots`)).length, 1);
  const folder = f.emulator.world.app("demo").volumes.get(volume.id)?.folder ?? "";
  assert.equal(readFileSync(`${folder}/log`, "utf8"), "kept\n");
  await f.ok("DELETE", `/apps/demo/volumes/${volume.id}`);
  assert.equal(existsSync(folder), false);
});
