import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Backend, Machine, MachineSpec, StandbyMachine, StandbyMachines } from "../../src/backends/backend.ts";
import type { ExitInfo } from "../../src/errors.ts";
import { decideStandby, type StandbyView } from "../../src/pool/standby-policy.ts";
import { StandbyShelf } from "../../src/pool/standby-shelf.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const never = new AbortController().signal;
const spec = (name: string): MachineSpec => ({
  name,
  pool: "p",
  parentId: "parent",
  buildId: "b",
  epoch: 1,
  env: {},
  onOutput() {},
});

/** A provider whose store several shelves may share. */
class Provider {
  readonly clock = new FakeClock();
  readonly log: string[] = [];
  readonly store = new Set<string>();
  readonly ends = new Map<string, (exit: ExitInfo) => void>();
  /** What goes wrong, by what is asked. */
  readonly failing = new Set<string>();
  #next = 1;

  shelf(count: number): StandbyShelf {
    const backend = {
      provision: async ({ name }: MachineSpec) => (this.#did(`provision ${name}`), this.#machine(name)),
      destroy: async ({ id }: { id: string }) => (this.store.delete(id), this.#did(`destroy ${id}`)),
    };
    const { clock } = this;
    const key = { pool: "p", buildId: "b" };
    const shelf = new StandbyShelf(backend as unknown as Backend, this.#standby(), key, { clock, random: () => 0 });
    shelf.want({ count: count });
    return shelf;
  }

  #standby(): StandbyMachines {
    return {
      list: async () => (this.#did("list"), [...this.store].map((id) => ({ id }))),
      prepare: async () => {
        this.#did("prepare");
        const id = `s${this.#next++}`;
        this.store.add(id);
        return { id };
      },
      start: async ({ id }: StandbyMachine, { name }) => {
        this.#did(`start ${id} for ${name}`);
        return this.store.delete(id) ? this.#machine(id) : null;
      },
      park: async ({ id }) => {
        this.#did(`park ${id}`);
        this.store.add(id);
        return { id };
      },
    };
  }

  #machine(id: string): Machine {
    return { id, exited: new Promise((resolve) => this.ends.set(id, resolve)) };
  }

  #did(what: string): void {
    this.log.push(what);
    for (const failing of this.failing) if (what.startsWith(failing)) throw new Error(`${failing} failed`);
  }

  /** What was asked for since the last time. */
  asked(): string[] {
    return this.log.splice(0).filter((what) => what !== "list");
  }
}

test("the policy does one thing at a time: it looks, then fills or empties, and rests while it cannot", () => {
  const view: StandbyView = { count: 2, parked: 0, busy: false, lookAt: 100, notBefore: 0, closing: false };
  const step = (changes: Partial<StandbyView>, now = 10): unknown[] =>
    Object.values(decideStandby({ ...view, ...changes }, now));
  assert.deepEqual(step({}), ["prepare", Infinity]);
  assert.deepEqual(step({ busy: true }), [null, Infinity]);
  assert.deepEqual(step({ closing: true }), [null, Infinity]);
  assert.deepEqual(step({}, 100), ["look", Infinity]);
  assert.deepEqual(step({ parked: 2 }), [null, 100]);
  assert.deepEqual(step({ parked: 3 }), ["discard", Infinity]);
  assert.deepEqual(step({ notBefore: 50 }), [null, 50]);
  assert.deepEqual(step({ count: 0, lookAt: Infinity }), [null, Infinity]);
});

describe("machines in store", () => {
  test("are as many as are wanted, also when that changes, and none are asked for where none are", async () => {
    const provider = new Provider();
    const none = provider.shelf(0);
    await provider.clock.advance(1_000_000);
    assert.deepEqual(provider.log, []);
    none.want({ count: 2 });
    await provider.clock.advance(0);
    assert.equal(none.size, 2);
    assert.deepEqual(provider.asked(), ["prepare", "prepare"]);
    none.want({ count: 1 });
    await provider.clock.advance(0);
    assert.equal(none.size, 1);
    assert.deepEqual(provider.asked(), ["destroy s2"]);
    none.close();
    assert.equal(provider.clock.pending, 0);
  });

  test("are taken by boots, at once and all together, and replaced; then boots are as ever", async () => {
    const provider = new Provider();
    const shelf = provider.shelf(2);
    await provider.clock.advance(0);
    provider.asked();
    provider.failing.add("prepare");
    const machines = await Promise.all(["a", "b", "c"].map((name) => shelf.provision(spec(name), never)));
    assert.deepEqual(
      machines.map(({ id }) => id),
      ["s1", "s2", "c"],
    );
    assert.equal(shelf.size, 0);
    provider.failing.clear();
    provider.asked();
    await provider.clock.advance(60_000);
    assert.deepEqual(provider.asked(), ["prepare", "prepare"]);
    shelf.close();
  });

  test("are taken once, whoever knows of them", async () => {
    const provider = new Provider();
    const [one, two] = [provider.shelf(1), provider.shelf(1)];
    await provider.clock.advance(500_000);
    assert.equal(one.size, 1);
    assert.equal(two.size, 1);
    assert.equal(provider.store.size, 1, "what was one too many is gone");
    const [left, right] = await Promise.all([one.provision(spec("a"), never), two.provision(spec("b"), never)]);
    assert.notEqual(left.id, right.id);
    one.close();
    two.close();
  });

  test("that do not start are destroyed, and the boot goes on with the next", async () => {
    const provider = new Provider();
    const shelf = provider.shelf(2);
    await provider.clock.advance(0);
    provider.asked();
    provider.failing.add("start s1").add("prepare");
    const machine = await shelf.provision(spec("a"), never);
    assert.equal(machine.id, "s2");
    assert.ok(provider.asked().includes("destroy s1"));
    shelf.close();
  });

  test("are parked again when their runner went in peace, and else destroyed", async () => {
    for (const [exit, peaceful, expected] of [
      [{ code: 0, signal: null }, true, "park s1"],
      [{ code: 1, signal: null }, true, "destroy s1"],
      [{ code: 0, signal: null }, false, "destroy s1"],
      [null, true, "destroy s1"],
    ] as const) {
      const provider = new Provider();
      const shelf = provider.shelf(1);
      await provider.clock.advance(0);
      provider.failing.add("prepare");
      const machine = await shelf.provision(spec("a"), never);
      await provider.clock.advance(0);
      provider.asked();
      if (exit !== null) provider.ends.get("s1")?.(exit);
      const released = shelf.release(machine, peaceful);
      await provider.clock.advance(4_000);
      await released;
      assert.equal(provider.asked().filter((what) => what !== "prepare")[0], expected);
      shelf.close();
    }
  });

  test("are not parked above the count, nor when they are no standby machines", async () => {
    const provider = new Provider();
    const shelf = provider.shelf(1);
    await provider.clock.advance(0);
    const machine = await shelf.provision(spec("a"), never);
    await provider.clock.advance(0);
    assert.equal(shelf.size, 1, "its place is taken");
    const fresh = await shelf.provision(spec("b"), never).then(() => shelf.provision(spec("c"), never));
    provider.asked();
    for (const end of provider.ends.values()) end({ code: 0, signal: null });
    await provider.clock.advance(0);
    await shelf.release(machine, true);
    await shelf.release(fresh, true);
    const asked = provider.asked().filter((what) => what !== "prepare");
    assert.deepEqual(asked, [`destroy ${machine.id}`, `destroy ${fresh.id}`]);
    shelf.close();
  });

  test("are prepared later and later while that fails, and it is looked first whether it failed", async () => {
    const provider = new Provider();
    provider.failing.add("prepare");
    const shelf = provider.shelf(1);
    const at: number[] = [];
    for (let n = 0; n < 4; n++) {
      for (; !provider.log.includes("prepare"); await provider.clock.advance(500));
      at.push(provider.clock.now());
      assert.equal(provider.log[0], "list");
      provider.log.length = 0;
    }
    assert.deepEqual(at, [500, 1_000, 3_000, 7_000], "after 1, 2 and 4 seconds");
    provider.failing.clear();
    await provider.clock.advance(60_000);
    assert.equal(shelf.size, 1);
    shelf.close();
  });
});
