import type { Machine, MachineSpec } from "../src/backends/backend.ts";
import { Lease } from "../src/child/lease.ts";
import { decodeParentEnv, type ParentEnv, REFUSED } from "../src/child/parent-env.ts";
import { Service } from "../src/child/service.ts";
import { BuildMismatchError, type ExitInfo, ProtocolError } from "../src/errors.ts";
import { BEAT, Beats, BLOCKED, RESPONSIVE } from "../src/session/beat.ts";
import { greetParent } from "../src/session/handshake.ts";
import type { LinkKind } from "../src/session/hello.ts";
import type { SimulatedSocket } from "./network.ts";
import { Thread } from "./thread.ts";
import type { World } from "./world.ts";

/** As in `child/dial.ts` and `child/watchdog-thread.ts`, which need real sockets and a real thread. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;
const CONNECT_TIMEOUT = 5_000;
const BLOCKED_AFTER = 2_000;

/** How long nothing may be heard of a runner without its parent giving it up, in ms, with a margin for what is under way. */
const LONGEST_QUIET = 3_500;

/** What is going to happen when a machine boots. */
export interface BootPlan {
  /** From when the provider accepted it to when its process starts, and from there to when its app is loaded, in ms. */
  readonly start: number;
  readonly load: number;
  readonly fate: "ready" | "never" | "crash" | "wrong build";
}

/** Lets a thread of a machine dial the parent. Gives its end of the connection, or null when nobody listens. */
export type Dial = (thread: Thread) => Promise<SimulatedSocket | null>;

/** What a function may know of where it runs, and the simulation what it needs to. */
export interface Place {
  readonly id: string;
  readonly pool: string;
  readonly machine: SimulatedMachine;
}

/** One machine at the provider, and the runner's process on it: a main thread and a watchdog. */
export class SimulatedMachine implements Machine {
  readonly id: string;
  readonly spec: MachineSpec;
  readonly main: Thread;
  readonly watchdog: Thread;
  readonly exited: Promise<ExitInfo>;
  /** Whether it exists at the provider. */
  exists = true;
  /** Why the parent cannot be expected to know of it, or to have destroyed it. */
  excuse: string | null = null;
  /** Why it may be lost without anybody being to blame. */
  touched: string | null = null;
  /** When its process started, and when it last heard of its parent. */
  startedAt: number | null = null;
  heardAt = 0;
  /** The functions that run on it, and the placed children that live on it: all that needs a slot. */
  readonly running: Set<object> = new Set();
  service: Service | null = null;
  readonly #world: World;
  readonly #plan: BootPlan;
  readonly #dial: Dial;
  readonly #told = Promise.withResolvers<ExitInfo>();
  readonly #onGone: (machine: SimulatedMachine) => void;
  readonly #leased: boolean;
  #quietSince = 0;
  #quietUntil = 0;
  #links: Record<LinkKind, SimulatedSocket | null> = { main: null, watchdog: null };

  constructor(
    id: string,
    spec: MachineSpec,
    world: World,
    plan: BootPlan,
    on: { dial: Dial; gone: (machine: SimulatedMachine) => void; leased: boolean },
  ) {
    this.id = id;
    this.spec = spec;
    this.#world = world;
    this.#plan = plan;
    this.#dial = on.dial;
    this.#onGone = on.gone;
    this.#leased = on.leased;
    this.exited = this.#told.promise;
    this.main = new Thread(id, world.scheduler, world.random);
    // The lease looks at what has arrived before it lapses, so this order is the only one that it can tell from silence.
    this.watchdog = new Thread(`${id}/wd`, world.scheduler, world.random, true);
    world.scheduler.after(plan.start, () => this.#start());
  }

  /** The connection of that kind, while it stands. */
  link(kind: LinkKind): SimulatedSocket | null {
    return this.#links[kind];
  }

  /** Something happens to it after which it may be lost. */
  touch(why: string): void {
    this.touched ??= why;
  }

  /** Nothing is heard of it for so long. A parent may hold that for its death when it takes too long in all. */
  quiet(ms: number): void {
    const { now } = this.#world;
    if (now > this.#quietUntil + 2_000) this.#quietSince = now;
    this.#quietUntil = Math.max(this.#quietUntil, now + ms);
    if (this.#quietUntil - this.#quietSince > LONGEST_QUIET) this.touch("nothing was heard of it");
  }

  /** Its event loop is blocked for so long, and its watchdog is not. */
  block(ms: number): void {
    // Once the watchdog has said that it is blocked, it may be silent for as long as it likes.
    this.quiet(Math.min(ms, LONGEST_QUIET - 1_000));
    this.main.freeze(ms);
  }

  /** Its host tells it to stop. */
  stop(): void {
    this.#world.scheduler.after(
      0,
      () => {
        const end = (): void => this.die({ code: null, signal: "SIGTERM" }, "its host stops it");
        // Without a connection there is nobody to say goodbye to, and it ends as any process does.
        if (this.service === null) {
          this.touch("it was stopped while it booted");
          end();
        } else void this.service.stop().then(end);
      },
      this.main,
    );
  }

  #start(): void {
    if (!this.exists) return;
    const env = decodeParentEnv(this.spec.env["FLAME_PARENT"] as string);
    this.startedAt = this.#world.now;
    this.heardAt = this.#world.now;
    this.#world.log(this.id, "its process starts");
    this.#startWatchdog(env);
    const { fate, load } = this.#plan;
    if (fate === "crash") this.main.clock.setTimer(load, () => this.die({ code: 1, signal: null }, "its app crashes"));
    else if (fate !== "never") void this.#serve(env);
  }

  // --- the watchdog thread ---

  #startWatchdog(env: ParentEnv): void {
    const { clock } = this.watchdog;
    const kill = (): void => this.die({ code: null, signal: "SIGKILL" }, "its lease is over");
    const lease = this.#leased ? new Lease(clock, env.lease, kill) : null;
    const every = Math.min(BEAT, env.lease / 5);
    const beat = (): void => {
      const { frozenAt } = this.main;
      const blocked = frozenAt !== null && this.#world.now - frozenAt > BLOCKED_AFTER;
      this.link("watchdog")?.write([Uint8Array.of(blocked ? BLOCKED : RESPONSIVE)]);
    };
    const beats = new Beats(beat);
    const tick = (): void => {
      beats.due();
      clock.setTimer(every, tick);
    };
    clock.setTimer(every, tick);
    if (this.#plan.fate !== "never") this.#stayConnected(env, lease, beat, beats).catch(() => {});
  }

  async #stayConnected(env: ParentEnv, lease: Lease | null, beat: () => void, beats: Beats): Promise<never> {
    for (;;) {
      const socket = await this.#connect("watchdog", this.watchdog, env);
      beat();
      await new Promise<void>((resolve) => {
        socket.receiver = {
          data: () => {
            this.heardAt = this.#world.now;
            lease?.renew();
            beats.heard();
          },
          drain() {},
          closed: () => resolve(),
        };
      });
    }
  }

  // --- the main thread ---

  async #serve(env: ParentEnv): Promise<void> {
    let socket: SimulatedSocket;
    try {
      socket = await this.#connect("main", this.main, env);
    } catch (error) {
      return this.die({ code: REFUSED, signal: null }, `its parent refused it: ${(error as Error).message}`);
    }
    const place: Place = { id: env.runnerId, pool: env.pool, machine: this };
    this.service = new Service(socket, {
      clock: this.main.clock,
      runner: place,
      lease: env.lease,
      loaded: new Promise((resolve) => this.main.clock.setTimer(this.#plan.load, resolve)),
      end: (code) => this.die({ code, signal: null }, "its process ends"),
    });
  }

  async #connect(kind: LinkKind, thread: Thread, env: ParentEnv): Promise<SimulatedSocket> {
    const { runnerId, epoch, secret, buildId: parentBuildId } = env;
    const buildId = this.#plan.fate === "wrong build" ? "another-build" : parentBuildId;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        const socket = await this.#attempt(thread);
        this.#links[kind] = socket;
        socket.onClosed = () => {
          if (this.#links[kind] === socket) this.#links[kind] = null;
        };
        await greetParent(socket, { kind, runnerId, epoch, secret, buildId, parentBuildId }, thread.clock);
        this.#world.log(this.id, `its ${kind} link is up`);
        return socket;
      } catch (error) {
        if (BuildMismatchError.is(error) || ProtocolError.is(error)) throw error;
      }
      await new Promise<void>((resolve) => thread.clock.setTimer(pause, resolve));
    }
  }

  #attempt(thread: Thread): Promise<SimulatedSocket> {
    return new Promise((resolve, reject) => {
      let late = false;
      const timer = thread.clock.setTimer(CONNECT_TIMEOUT, () => {
        late = true;
        reject(new Error("the parent does not answer"));
      });
      void this.#dial(thread).then((socket) => {
        timer.cancel();
        if (socket === null) reject(new Error("connection refused"));
        else if (late) socket.destroy();
        else resolve(socket);
      });
    });
  }

  // --- its end ---

  /** Its process ends, and the machine with it. `silently`: its whole host vanishes, and no connection is closed. */
  die(exit: ExitInfo, why: string, silently = false): void {
    if (!this.exists) return;
    const { network, random, rates } = this.#world;
    this.#world.log(this.id, `ends (${exit.signal ?? exit.code}): ${why}`);
    this.exists = false;
    for (const thread of [this.main, this.watchdog]) {
      thread.kill();
      network.died(thread, silently);
    }
    this.#onGone(this);
    if (random.chance(rates.exitNever)) return;
    const delay = random.chance(rates.exitLate) ? random.duration(1_000, 30_000) : random.duration(1, 100);
    this.#world.scheduler.after(delay, () => this.#told.resolve(exit), this.#world.parent);
  }
}
