import { type Backend, type Machine, type MachineSpec } from "../../src/backends/backend.ts";
import { Server } from "../../src/child/serve.ts";
import type { BootError, ExitInfo, RunnerLostError } from "../../src/errors.ts";
import type { Seat, SeatListener, SeatSpec } from "../../src/runner/listener.ts";
import { Runner } from "../../src/runner/runner.ts";
import { WatchdogLink } from "../../src/runner/watchdog-link.ts";
import type { Attempt, Work } from "../../src/runner/work.ts";
import type { CallKind } from "../../src/session/calls.ts";
import { memoryTransportPair } from "../../src/session/memory-transport.ts";
import { Session } from "../../src/session/session.ts";
import type { Transport } from "../../src/wire/transport.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { encode } from "../../src/wire/codec.ts";
import { named, turns } from "../session/harness.ts";

/** A machine that exists when the test says so. */
export class FakeBackend implements Backend {
  readonly name = "fake";
  readonly network = { kind: "unix" } as const;
  readonly log: string[] = [];
  readonly exited = Promise.withResolvers<ExitInfo>();
  provisioned: PromiseWithResolvers<Machine> = Promise.withResolvers<Machine>();
  destroyed: Promise<void> = Promise.resolve();
  spec: MachineSpec | null = null;

  provision(spec: MachineSpec, signal: AbortSignal): Promise<Machine> {
    this.log.push("provision");
    this.spec = spec;
    signal.addEventListener("abort", () => this.log.push("aborted"));
    return this.provisioned.promise;
  }
  destroy(machine: Pick<Machine, "id">): Promise<void> {
    this.log.push(`destroy ${machine.id}`);
    return this.destroyed;
  }
  list(): Promise<never[]> {
    return Promise.resolve([]);
  }
  come(): void {
    this.provisioned.resolve({ id: "m1", exited: this.exited.promise });
  }
}

/** One runner of which everything else is the test's: its machine, its connections, its clock. */
export class World {
  readonly clock = new FakeClock();
  readonly backend = new FakeBackend();
  /** What the runner told its pool, with whether its machine had been destroyed by then. */
  readonly log: string[] = [];
  readonly errors: (BootError | RunnerLostError | null)[] = [];
  readonly runner: Runner;
  seat: SeatListener | null = null;
  seated = true;
  /** The runner's own side, once it is connected. */
  inside: Session | null = null;
  wire: Transport | null = null;
  server: Server | null = null;
  watchdogWire: Transport | null = null;

  constructor(bootTimeout = 30_000, seats: { seat?: () => Promise<Seat> } = {}) {
    const { clock, backend, log, errors } = this;
    const seat = async (_spec: SeatSpec, on: SeatListener): Promise<Seat> => {
      this.seat = on;
      return { address: { path: "/nowhere" }, [Symbol.dispose]: () => void (this.seated = false) };
    };
    this.runner = new Runner(
      "p-1",
      {
        clock,
        backend,
        listener: () => ({ seat: seats.seat ?? seat }),
        pool: "p",
        parentId: "parent",
        buildId: "build",
        depth: 0,
        lease: 15_000,
        relay() {},
      },
      {
        ready: () => log.push("ready"),
        bootFailed: (error) => (errors.push(error), log.push("bootFailed")),
        leaving: (reason) => log.push(`leaving: ${reason}`),
        responsive: (yes) => log.push(yes ? "responsive" : "unresponsive"),
        ended: (error) => (errors.push(error), log.push(error === null ? "ended" : "lost")),
      },
      bootTimeout,
    );
  }

  get error(): BootError | RunnerLostError {
    const [error] = this.errors;
    if (this.errors.length !== 1 || error === null || error === undefined) throw new Error("there is not one error");
    return error;
  }

  /** Its main thread dials in. */
  async connect(): Promise<void> {
    await turns(3);
    const [here, there] = memoryTransportPair();
    const { clock } = this;
    this.wire = there;
    const server = new Server({ clock, runner: { id: "p-1", pool: "p" }, loaded: Promise.resolve() });
    this.server = server;
    const inside = new Session(
      there,
      {
        call: (call) => server.call(call),
        drain: () => server.drain(() => inside.goodbye()),
        closed() {},
      },
      { clock, silence: Infinity },
    );
    this.inside = inside;
    this.seat?.main(here);
    await turns(3);
  }

  /** Its watchdog dials in. */
  async watch(): Promise<WatchdogLink> {
    await turns(3);
    const [here, there] = memoryTransportPair();
    there.receiver = { data() {}, drain() {}, closed() {} };
    this.watchdogWire = there;
    const link = new WatchdogLink(this.clock);
    this.seat?.watchdog(link);
    link.attach(here);
    return link;
  }

  /** A runner that is ready for work. */
  static async ready(): Promise<World> {
    const world = new World();
    world.backend.come();
    await world.connect();
    world.inside?.ready();
    await turns(3);
    return world;
  }

  run(fn: string | ((...args: any[]) => unknown), args: unknown[] = [], options: Partial<Work> = {}): Running {
    return new Running(this.runner, work(fn, args, options));
  }

  /** The process is gone, all at once. */
  async die(exit: ExitInfo): Promise<void> {
    this.wire?.destroy();
    this.backend.exited.resolve(exit);
    await turns(5);
  }
}

export function work(
  fn: string | ((...args: any[]) => unknown),
  args: unknown[] = [],
  options: Partial<Work> & { kind?: CallKind } = {},
): Work {
  const id = typeof fn === "string" ? fn : named(fn);
  const values = encode([[], args], { implicitCallbacks: true });
  return {
    fn: id,
    hash: "",
    label: "the work",
    kind: "value",
    values,
    own: null,
    local: null,
    timeout: Infinity,
    signal: undefined,
    ...options,
  };
}

/** One piece of work under way. */
export class Running {
  readonly log: string[] = [];
  attempt: Attempt | null = null;

  constructor(runner: { run: Runner["run"] }, piece: Work) {
    runner.run(piece, {
      settled: (attempt) => {
        this.attempt = attempt;
        this.log.push(Object.keys(attempt)[0] as string);
      },
      ended: () => this.log.push("ended"),
    });
  }

  get error(): Error {
    const { attempt } = this;
    if (attempt !== null && "error" in attempt) return attempt.error as Error;
    if (attempt !== null && "lost" in attempt) return attempt.lost as Error;
    throw new Error(`it gave ${JSON.stringify(attempt)}`);
  }
}
