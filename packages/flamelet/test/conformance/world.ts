/**
 * Real pools, runners, sessions and the inside of runners, all in this process and on a clock that stands still: only the
 * machines are made up. So a test says to the millisecond what happens when, and what a machine does.
 */
import { type TestContext } from "node:test";
import assert from "node:assert/strict";
import type { Backend, Machine, MachineListing, MachineSpec } from "../../src/backends/backend.ts";
import { Service } from "../../src/child/service.ts";
import type { ExitInfo } from "../../src/errors.ts";
import { type PoolOptions, resolvePoolOptions } from "../../src/options.ts";
import { Pool } from "../../src/pool-handle.ts";
import { PoolCore } from "../../src/pool/pool.ts";
import type { Seat, SeatListener, Seats, SeatSpec } from "../../src/runner/listener.ts";
import { Runner } from "../../src/runner/runner.ts";
import type { Worker } from "../../src/runner/work.ts";
import { memoryTransportPair } from "../../src/session/memory-transport.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

/** A machine that is made up: a copy of the app in this very process. */
class MemoryMachine implements Machine {
  readonly id: string;
  readonly exited: Promise<ExitInfo>;
  readonly service: Service;
  /** How it ended; null while it runs. */
  exit: ExitInfo | null = null;
  readonly #exited: PromiseWithResolvers<ExitInfo> = Promise.withResolvers();
  readonly #cut: () => void;

  constructor(spec: MachineSpec, seat: SeatListener, clock: FakeClock, loaded: Promise<void>) {
    this.id = spec.name;
    this.exited = this.#exited.promise;
    const [here, there] = memoryTransportPair();
    this.#cut = () => there.destroy();
    const runner = { id: spec.name, pool: spec.pool };
    this.service = new Service(there, {
      clock,
      runner,
      loaded,
      lease: 15_000,
      end: (code) => this.end({ code, signal: null }),
    });
    seat.main(here);
  }

  /** Its process is gone, and its connection with it. */
  end(exit: ExitInfo): void {
    if (this.exit !== null) return;
    this.exit = exit;
    this.#exited.resolve(exit);
    this.#cut();
  }

  kill(): void {
    this.end({ code: null, signal: "SIGKILL" });
  }
}

class MemoryBackend implements Backend, Seats {
  readonly name = "memory";
  readonly network = { kind: "unix" } as const;
  readonly specs: MachineSpec[] = [];
  readonly machines: MemoryMachine[] = [];
  /** What a machine does instead of coming up, while it is set. */
  misbehave: ((spec: MachineSpec, end: (exit: ExitInfo) => void) => void) | null = null;
  /** When the apps of machines are loaded. */
  loaded: Promise<void> = Promise.resolve();
  readonly #clock: FakeClock;
  readonly #seats = new Map<string, SeatListener>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async seat({ runnerId }: SeatSpec, on: SeatListener): Promise<Seat> {
    this.#seats.set(runnerId, on);
    return { address: { path: "memory" }, [Symbol.dispose]: () => void this.#seats.delete(runnerId) };
  }

  async provision(spec: MachineSpec): Promise<Machine> {
    this.specs.push(spec);
    if (this.misbehave !== null) {
      const { promise, resolve } = Promise.withResolvers<ExitInfo>();
      this.misbehave(spec, resolve);
      return { id: spec.name, exited: promise };
    }
    const seat = this.#seats.get(spec.name);
    assert.ok(seat, "a runner has its seat before its machine");
    const machine = new MemoryMachine(spec, seat, this.#clock, this.loaded);
    this.machines.push(machine);
    return machine;
  }

  async destroy({ id }: Pick<Machine, "id">): Promise<void> {
    this.machines.find((machine) => machine.id === id)?.kill();
  }

  async list(): Promise<readonly MachineListing[]> {
    return [];
  }
}

export class World {
  readonly clock = new FakeClock();
  readonly backend: MemoryBackend = new MemoryBackend(this.clock);
  readonly pool: Pool;
  /** Stands for machines in store: there are as many as are wanted. */
  readonly store = {
    size: 0,
    want({ count }: { count: number }): void {
      this.size = count;
    },
    close() {},
  };
  /** How often each thing happened to the pool: `boot`, `lost`, `retired`. */
  readonly happened = { boot: 0, lost: 0, retired: 0 };
  /** Called in the same turn in which a call is settled, before its caller goes on. */
  onSettled: () => void = () => {};

  constructor(options: PoolOptions) {
    const { clock, backend } = this;
    let runners = 0;
    const deps = {
      clock,
      backend,
      listener: () => backend,
      pool: "world",
      parentId: "parent",
      buildId: "build",
      depth: 0,
      lease: 15_000,
      relay() {},
    };
    const core = new PoolCore<Worker>("world", resolvePoolOptions("world", options), {
      clock,
      random: () => 0.5,
      standby: this.store,
      start: (listener, bootTimeout) => {
        const runner = new Runner(`r${(runners += 1)}`, deps, listener, bootTimeout);
        const run = runner.run.bind(runner);
        runner.run = (work, owner) =>
          run(work, {
            settled: (attempt) => {
              owner.settled(attempt);
              this.onSettled();
            },
            ended: () => owner.ended(),
          });
        return runner;
      },
    });
    this.pool = new Pool(core, clock, null);
    for (const name of ["boot", "lost", "retired"] as const) this.pool.on(name, () => void (this.happened[name] += 1));
  }

  /** The machine that was made as the how-manieth, counting from 0. */
  machine(index: number): MemoryMachine {
    const machine = this.backend.machines[index];
    assert.ok(machine, `machine ${index + 1} was made`);
    return machine;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await this.clock.advance(0);
  }

  /** Lets time pass, and then everything happen that needs none. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.settle();
  }

  async close(): Promise<void> {
    const closed = this.pool.close();
    await this.pass(10_000);
    await closed;
  }
}

/** A world for one test, which ends with it. */
export function worldFor(t: TestContext, options: PoolOptions = {}): World {
  const world = new World(options);
  t.after(() => world.close());
  return world;
}

/** A promise, and what became of it. */
export interface Watched<T> {
  state: "pending" | "fulfilled" | "rejected";
  value?: T;
  error?: unknown;
}

export function watch<T>(promise: PromiseLike<T>): Watched<T> {
  const watched: Watched<T> = { state: "pending" };
  promise.then(
    (value) => Object.assign(watched, { state: "fulfilled", value }),
    (error: unknown) => Object.assign(watched, { state: "rejected", error }),
  );
  return watched;
}
