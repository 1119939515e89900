import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import type { Backend, Machine, MachineSpec } from "../backends/backend.ts";
import { buildId } from "../build-id.ts";
import { encodeParentEnv } from "../child/parent-env.ts";
import { BootError, type BootFailure } from "../errors.ts";
import type { BackendSuite } from "./backend-suite.ts";
import { Probe, type Reported } from "./conformance-probe.ts";
import { patiently, until } from "./until.ts";

/** Longer than any test: that a machine ends is to be its backend's doing, not its lease's. */
const LEASE = 600_000;

const never: AbortSignal = new AbortController().signal;

/** A backend under test, with what its machines report to. */
class Bench {
  readonly backend: Backend;
  readonly probe: Probe;
  readonly lines: string[] = [];
  readonly #secrets: string[] = [];
  readonly #machines: Machine[] = [];

  constructor(backend: Backend, probe: Probe) {
    this.backend = backend;
    this.probe = probe;
  }

  /** What a pool would ask for; the machine then reports with its name. */
  spec({ grandchild = false } = {}): MachineSpec {
    const name = `conformance-${randomBytes(4).toString("hex")}`;
    const secret = randomBytes(32).toString("base64url");
    const { address } = this.probe;
    const build = buildId();
    const parent = encodeParentEnv({
      address,
      runnerId: name,
      epoch: 7,
      secret,
      buildId: build,
      pool: "conformance",
      backend: this.backend.name,
      lease: LEASE,
      depth: 1,
      ownsGroup: this.backend.name === "process",
    });
    this.#secrets.push(secret, parent);
    return {
      name,
      pool: "conformance",
      parentId: randomBytes(6).toString("hex"),
      buildId: build,
      epoch: 7,
      env: { FLAME_PARENT: parent, CONFORMANCE: JSON.stringify({ address, tag: name, grandchild, role: "machine" }) },
      onOutput: (line) => void this.lines.push(line),
    };
  }

  async provision(spec: MachineSpec, signal: AbortSignal = never): Promise<Machine> {
    const machine = await this.backend.provision(spec, signal);
    this.#machines.push(machine);
    return machine;
  }

  /** A machine that is up. */
  async up(options: { grandchild?: boolean } = {}): Promise<{ spec: MachineSpec; machine: Machine; app: Reported }> {
    const spec = this.spec(options);
    const machine = await this.provision(spec);
    return { spec, machine, app: await this.probe.report(spec.name) };
  }

  async listed(name: string): Promise<boolean> {
    return (await this.backend.list()).some((listing) => listing.name === name);
  }

  /** Fails when a secret shows in any of this. */
  keepsSecrets(...shown: unknown[]): void {
    const text = shown.map((one) => `${printed(one)}\n${inspect(one, { depth: 10, showHidden: true })}`).join("\n");
    for (const secret of this.#secrets) assert.ok(!text.includes(secret), "a secret shows");
  }

  async close(): Promise<void> {
    for (const machine of this.#machines) await this.backend.destroy(machine);
    this.probe.close();
  }
}

function printed(value: unknown): string {
  return value instanceof Error ? `${value.stack}\n${JSON.stringify(value)}` : String(value);
}

/** What `Backend` asks of each backend. */
export function machineTests(suite: BackendSuite): void {
  const { test, failures = {}, without = [] } = suite;
  const on = (name: string, run: (bench: Bench) => Promise<void>, make = suite.backend): void =>
    void test(name, async () => {
      const backend = await make();
      const bench = new Bench(backend, await Probe.open(backend.network));
      try {
        await patiently(run(bench));
      } finally {
        await bench.close();
      }
    });

  on("a machine runs a copy of the app, with what the spec adds to its environment", async (bench) => {
    const { app } = await bench.up();
    assert.equal(app.report.isRunner, true);
    assert.equal(app.report.scrubbed, true);
  });

  on("provisioning is idempotent by name", async (bench) => {
    const spec = bench.spec();
    const [first, second] = await Promise.all([bench.provision(spec), bench.provision(spec)]);
    await bench.probe.report(spec.name);
    const third = await bench.provision(spec);
    assert.deepEqual([second.id, third.id], [first.id, first.id]);
    assert.equal((await bench.backend.list()).filter(({ name }) => name === spec.name).length, 1);
    const { app } = await bench.up();
    assert.ok(app);
    assert.equal(bench.probe.seen(spec.name).length, 1);
  });

  on("list shows what exists, with what the spec said of it, and forgets what is destroyed", async (bench) => {
    const { spec, machine } = await bench.up();
    const other = await bench.up();
    const { name, pool, parentId, buildId: build, epoch } = spec;
    const listing = (await bench.backend.list()).find(({ id }) => id === machine.id);
    assert.deepEqual(listing, { id: machine.id, name, pool, parentId, buildId: build, epoch });
    await bench.backend.destroy(machine);
    await until(async () => !(await bench.listed(name)));
    assert.equal(await bench.listed(other.spec.name), true);
  });

  on("list forgets what ended by itself", async (bench) => {
    const { spec, app } = await bench.up();
    app.end({ code: 0 });
    await until(async () => !(await bench.listed(spec.name)));
  });

  on("destroy ends a machine with all that it started, and can be repeated", async (bench) => {
    const { spec, machine, app } = await bench.up({ grandchild: true });
    const grandchild = await bench.probe.report(spec.name, "grandchild");
    await Promise.all([bench.backend.destroy(machine), bench.backend.destroy(machine)]);
    await app.gone;
    await grandchild.gone;
    await bench.backend.destroy(machine);
    await bench.backend.destroy({ id: "nobody" });
  });

  on("what a machine leaves behind is gone once it has been destroyed", async (bench) => {
    const { spec, machine, app } = await bench.up({ grandchild: true });
    const grandchild = await bench.probe.report(spec.name, "grandchild");
    app.end({ code: 0 });
    await app.gone;
    await bench.backend.destroy(machine);
    await grandchild.gone;
  });

  on("a boot that was cancelled before it began is not begun", async (bench) => {
    const spec = bench.spec();
    await assert.rejects(bench.provision(spec, AbortSignal.abort(new Error("not wanted"))));
    assert.equal(await bench.listed(spec.name), false);
  });

  on("a boot that is cancelled is given up, and leaves nothing", async (bench) => {
    const spec = bench.spec();
    const cancel = new AbortController();
    const booting = bench.provision(spec, cancel.signal);
    cancel.abort(new Error("not wanted"));
    await assert.rejects(booting);
    await until(async () => !(await bench.listed(spec.name)));
    for (const app of bench.probe.seen(spec.name)) await app.gone;
  });

  on("no secret shows in what can be printed of it", async (bench) => {
    const { machine } = await bench.up();
    bench.keepsSecrets(machine, bench.backend, await bench.backend.list());
    await bench.backend.destroy(machine);
    bench.keepsSecrets(bench.lines.join("\n"));
  });

  if (!without.includes("exit"))
    on("exited tells the code or the signal", async (bench) => {
      const [one, two] = [await bench.up(), await bench.up()];
      one.app.end({ code: 3 });
      two.app.end({ signal: "SIGKILL" });
      assert.deepEqual(await one.machine.exited, { code: 3, signal: null });
      const { code, signal } = await two.machine.exited;
      // What stands between may have a code of its own for it, as shells and containers have.
      assert.ok(signal === "SIGKILL" || code === 137, `${code} ${signal}`);
    });

  if (!without.includes("output"))
    on("output arrives line by line, all of it, in order", async (bench) => {
      const { app, machine } = await bench.up({ grandchild: true });
      app.end({ code: 0 });
      await app.gone;
      await bench.backend.destroy(machine);
      const expected = ["a line on stdout", "a line on stderr", "a last line without an end"];
      await until(() => expected.every((line) => bench.lines.includes(line)));
      assert.ok(bench.lines.indexOf("a line on stdout") < bench.lines.indexOf("a last line without an end"));
    });

  if (!without.includes("others"))
    on("another parent can list and destroy it", async (bench) => {
      const { spec, machine, app } = await bench.up();
      const other = await suite.backend();
      await until(async () => (await other.list()).some(({ name }) => name === spec.name));
      await other.destroy(machine);
      await app.gone;
      await until(async () => !(await bench.listed(spec.name)));
    });

  for (const [failure, make] of Object.entries(failures) as [BootFailure, () => Backend | Promise<Backend>][])
    on(
      `a failure of the kind "${failure}" is told as one`,
      async (bench) => {
        const spec = bench.spec();
        const error: unknown = await bench.provision(spec).then(
          () => assert.fail("it was provisioned"),
          (reason: unknown) => reason,
        );
        assert.ok(BootError.is(error), String(error));
        assert.equal(error.failure, failure);
        bench.keepsSecrets(error);
        assert.equal(await bench.listed(spec.name).catch(() => false), false);
      },
      make,
    );
}
