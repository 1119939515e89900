import { randomBytes } from "node:crypto";
import type { Backend, Machine, MachineSpec } from "../backends/backend.ts";
import { encodeParentEnv, ORPHANED, REFUSED } from "../child/parent-env.ts";
import { type Clock, setAwakeTimer, type Timer } from "../clock.ts";
import { BootError, BuildMismatchError, type ExitInfo, FlameError, RunnerLostError } from "../errors.ts";
import { LinkedList } from "../linked-list.ts";
import { reloads } from "../registry.ts";
import { Session } from "../session/session.ts";
import { SharedTimers } from "../shared-timers.ts";
import type { Transport } from "../wire/transport.ts";
import { bootFailure, lossReason } from "./failure.ts";
import type { Seat, Seats } from "./listener.ts";
import type { RunnerListener } from "./runner-control.ts";
import type { WatchdogLink } from "./watchdog-link.ts";
import { RunningWork, type Work, type Worker, type WorkKeeper, type WorkOwner } from "./work.ts";

/** What the runners of one pool have in common. */
export interface RunnerDeps {
  readonly clock: Clock;
  readonly backend: Backend;
  /** Where machines come from and go to. Left out: from and to the backend. */
  readonly machines?: MachineSource | null;
  /** The one listener of this process for the backend's network. */
  readonly listener: () => Seats;
  readonly pool: string;
  readonly parentId: string;
  readonly buildId: string;
  readonly depth: number;
  /** How long a runner lives without hearing from its parent, in ms. */
  readonly lease: number;
  /** Shows a line that a runner wrote. */
  readonly relay: (runner: string, line: string, stream: "stdout" | "stderr") => void;
}

/** Stands between runners and their backend. */
export interface MachineSource {
  /** As `Backend.provision`. */
  provision(spec: MachineSpec, signal: AbortSignal): Promise<Machine>;
  /**
   * Takes back a machine that `provision` gave, and resolves when it no longer counts.
   *
   * @param peaceful Whether its runner said goodbye, with no work left.
   */
  release(machine: Machine, peaceful: boolean): Promise<void>;
}

/** How many of its last lines are kept for a boot error. */
const KEPT_LINES = 20;
/** How long a machine may take to tell its exit code after its connection ended, or to exit after it said goodbye, in ms. */
const EXIT_WAIT = 1_000;

/** How long the end of a runner waits for each answer of its provider, in ms: to a boot that is cancelled, and to a destroy. */
const PROVIDER_WAIT = 5_000;

type State = "booting" | "ready" | "draining" | "over";

/** One runner, seen from its parent: its boot, its session, its end. */
export class Runner implements Worker, WorkKeeper {
  readonly id: string;
  readonly #deps: RunnerDeps;
  readonly #listener: RunnerListener;
  readonly #output: string[] = [];
  readonly #abort = new AbortController();
  readonly #works = new LinkedList<RunningWork>();
  readonly #bootTimeout: number;
  readonly #timers: SharedTimers;
  /** Its copy of the app is the one of this time. */
  readonly #reloads = reloads();
  #state: State = "booting";
  #seat: Seat | null = null;
  #machine: Machine | null = null;
  #session: Session | null = null;
  #watchdog: WatchdogLink | null = null;
  #timer: Timer | null = null;
  #exit: ExitInfo | null = null;
  /** Set when it goes because it was asked to: then its end is no loss. */
  #farewell: string | null = null;
  /** Whether its work had ended when it went. */
  #peaceful = false;
  readonly #booted: Promise<void>;
  /** When the watchdog was last heard of before it fell silent. */
  #silentSince = -1;

  constructor(id: string, deps: RunnerDeps, listener: RunnerListener, bootTimeout: number) {
    this.id = id;
    this.#deps = deps;
    this.#timers = new SharedTimers(deps.clock);
    this.#listener = listener;
    this.#bootTimeout = bootTimeout;
    this.#startBootClock();
    // In a microtask, since the pool must hold this runner before it hears of it.
    this.#booted = Promise.resolve().then(() => this.#boot());
  }

  /** How much is open on its connection; see `Session.open`. */
  get open(): number {
    return this.#session?.open ?? 0;
  }

  // --- boot ---

  #startBootClock(): void {
    this.#timer = this.#replaceTimer(this.#bootTimeout, () => {
      const heard =
        this.#watchdog === null
          ? "it never connected"
          : "it connected, but its app did not finish loading (does a top-level await never end, or does it never import flamelet?)";
      const why = `runner ${this.id} was not ready within ${this.#bootTimeout} ms (option bootTimeout): ${heard}`;
      this.#bootFailed(bootFailure("timeout", why, this.#output, null));
    });
  }

  /** See `MachineSpec.hold`. */
  #hold(): Disposable {
    let held = this.#state === "booting";
    if (held) this.#timer?.cancel();
    const release = (): void => {
      if (held && this.#state === "booting") this.#startBootClock();
      held = false;
    };
    return { [Symbol.dispose]: release };
  }

  async #boot(): Promise<void> {
    if (this.#over) return;
    const { backend, pool, parentId, buildId, depth, lease, relay } = this.#deps;
    try {
      const secret = randomBytes(32).toString("base64url");
      const epoch = 1;
      const seat = await this.#deps.listener().seat(
        { runnerId: this.id, epoch, secret, buildId },
        {
          main: (transport) => this.#connected(transport),
          watchdog: (link) => this.#watched(link),
          refused: (error) => this.#refused(error),
        },
      );
      if (this.#over) return seat[Symbol.dispose]();
      this.#seat = seat;
      const parent = encodeParentEnv({
        address: seat.address,
        certificate: seat.certificate,
        runnerId: this.id,
        epoch,
        secret,
        buildId,
        pool,
        backend: backend.name,
        lease,
        depth: depth + 1,
        ownsGroup: backend.name === "process",
      });
      const spec = {
        name: this.id,
        pool,
        parentId,
        buildId,
        epoch,
        env: { FLAME_PARENT: parent },
        onOutput: (line: string, stream: "stdout" | "stderr") => {
          this.#output.push(line);
          if (this.#output.length > KEPT_LINES) this.#output.shift();
          relay(this.id, line, stream);
        },
        hold: () => this.#hold(),
      };
      const machine = await (this.#deps.machines ?? backend).provision(spec, this.#abort.signal);
      this.#machine = machine;
      void machine.exited.then((exit) => this.#exited(exit));
    } catch (error) {
      if (this.#over) return;
      this.#bootFailed(error instanceof BootError ? error : provisionFailure(this.id, error));
    }
  }

  #connected(transport: Transport): void {
    // One session for one boot: what was open in it is lost with it.
    if (this.#over || this.#session !== null) return transport.destroy();
    this.#session = new Session(
      transport,
      {
        ready: () => this.#ready(),
        leaving: (reason) => this.#leaving(reason),
        goodbye: () => {
          this.#farewell ??= "it retired";
        },
        closed: (error) => this.#disconnected(error),
      },
      // A silent main thread is not a dead runner: the watchdog thread knows better.
      {
        clock: this.#deps.clock,
        alive: () => this.#watchdog?.responsive === false && this.#watchdog.lastHeard !== this.#silentSince,
      },
    );
  }

  #watched(link: WatchdogLink): void {
    if (this.#over) return link.close();
    this.#watchdog = link;
    link.listener = {
      responsive: (yes) => {
        if (this.#state === "booting" || this.#over) return;
        if (!yes) for (const work of this.#works) work.started();
        this.#listener.responsive(yes);
      },
      silent: (ms) => {
        this.#silentSince = link.lastHeard;
        // The session may still be heard: then only the watchdog's connection broke, and it dials again.
        if (this.#session?.over !== false || !this.#session.silent) return;
        const why = `nothing was heard of it for ${Math.round(ms)} ms`;
        if (this.#state !== "booting") return this.#lose(why);
        this.#bootFailed(bootFailure("transient", `runner ${this.id}: ${why}`, this.#output, this.#exit));
      },
    };
  }

  #refused(error: Error): void {
    if (this.#state !== "booting") return;
    // It is connected, or was: this is a second connection of it, or a second copy of its machine.
    if (this.#session !== null) return;
    const failure = error instanceof BuildMismatchError ? "build" : "auth";
    this.#bootFailed(
      bootFailure(failure, `runner ${this.id} was refused: ${error.message}`, this.#output, null, error),
    );
  }

  #ready(): void {
    if (this.#state !== "booting") return;
    this.#state = "ready";
    this.#timer?.cancel();
    this.#listener.ready();
  }

  #bootFailed(error: BootError): void {
    if (this.#state !== "booting") return;
    error.runner = this.id;
    void this.#finish().then(() => this.#listener.bootFailed(error));
  }

  // --- work ---

  run(work: Work, owner: WorkOwner): void {
    const session = this.#session;
    const outdated = this.#reloads !== reloads();
    if (session === null || session.over || this.#state === "over" || outdated) {
      if (outdated) this.#leaving("the app was reloaded, and it runs the code from before");
      owner.settled({ moved: true });
      return owner.ended();
    }
    const running = new RunningWork(work, session, this.#timers, owner, this);
    this.#works.append(running.seat);
    running.start();
  }

  workEnded(running: RunningWork): void {
    this.#works.remove(running.seat);
  }

  workStuck({ label }: Work): void {
    this.#leaving(`${label} ignores that its time is over`);
  }

  // --- end ---

  #leaving(reason: string): void {
    if (this.#state === "ready") this.#listener.leaving(reason);
  }

  drain(reason: string, grace: number): void {
    if (this.#over || this.#state === "draining") return;
    this.#farewell = reason;
    if (this.#state === "booting") return this.#end(null);
    this.#state = "draining";
    // When its connection is gone already, its end follows by itself.
    if (this.#session?.over !== false) return;
    this.#session.drain();
    this.#timer = this.#deps.clock.setTimer(grace, () =>
      this.#lose(`it did not end within ${grace} ms (option shutdownTimeout) of being asked to: ${reason}`),
    );
  }

  kill(reason: string): void {
    if (this.#over) return;
    this.#farewell ??= reason;
    if (this.#state === "booting") return this.#end(null);
    this.#lose(reason);
  }

  /** The connection is over. Its machine is given a moment to tell how it ended, so that the error can say it. */
  #disconnected(error: Error | undefined): void {
    if (this.#over) return;
    const why = error?.message ?? "its connection closed";
    if (this.#state === "booting") {
      if (this.#exit === null)
        this.#timer = this.#replaceTimer(EXIT_WAIT, () =>
          this.#bootFailed(
            bootFailure("transient", `runner ${this.id} went while it booted: ${why}`, this.#output, null),
          ),
        );
      return;
    }
    this.#timer = this.#replaceTimer(EXIT_WAIT, () => this.#lose(why));
    if (this.#exit !== null) this.#lose(why);
  }

  #exited(exit: ExitInfo): void {
    this.#exit = exit;
    if (this.#over) return;
    if (this.#state === "booting") {
      // Killed from outside, or cut off, it may well come up the next time; an app that crashes will crash again. A machine
      // that ended without code or signal ended for a reason of its provider's.
      const unknown = exit.code === null && exit.signal === null;
      const killed = unknown || exit.signal === "SIGKILL" || exit.signal === "SIGTERM";
      // Whatever else it can be refused for has been told by then, so it was a connection too many.
      const outside = killed || exit.code === ORPHANED || exit.code === REFUSED;
      const failure = outside ? "transient" : "crash";
      this.#bootFailed(bootFailure(failure, `runner ${this.id} ended before it was ready`, this.#output, exit));
    } else if (this.#session?.over === true) {
      this.#lose("its process ended");
    }
    // Otherwise its last messages may still be on their way: the end of the connection follows.
  }

  #lose(why: string): void {
    if (this.#farewell !== null && this.#works.size === 0) return this.#end(null);
    this.#end(new RunnerLostError(this.id, lossReason(why, this.#exit), { exit: this.#exit }));
  }

  #end(error: RunnerLostError | null): void {
    this.#peaceful = error === null && this.#state === "draining";
    const session = this.#session;
    const finished = this.#finish();
    if (session !== null) {
      const exit = this.#exit;
      const lost = error ?? new RunnerLostError(this.id, this.#farewell ?? "it retired", { exit });
      session.abandon(lost);
    }
    void finished.then(() => this.#listener.ended(error));
  }

  get #over(): boolean {
    return this.#state === "over";
  }

  #replaceTimer(ms: number, fn: () => void): Timer {
    this.#timer?.cancel();
    return this.#deps.clock.setTimer(ms, fn);
  }

  /**
   * Lets go of everything. Resolves when the machine is gone, so that the pool never has more of them than it may; or
   * after a while, since a provider that does not answer must not hold up the pool.
   */
  #finish(): Promise<void> {
    this.#state = "over";
    this.#timers[Symbol.dispose]();
    this.#timer?.cancel();
    this.#abort.abort(new Error("the boot was cancelled"));
    this.#seat?.[Symbol.dispose]();
    this.#watchdog?.close();
    this.#session?.destroy();
    // A boot that was cancelled may still bring up a machine.
    const destroyed = this.#booted.then(() => this.#destroy());
    return this.#patiently(this.#booted).then(async (answered) => {
      if (answered) await this.#patiently(destroyed);
    });
  }

  /** Waits for the provider, but not for ever. Tells whether it answered. */
  #patiently(answer: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setAwakeTimer(this.#deps.clock, PROVIDER_WAIT, () => resolve(false));
      void answer.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  async #destroy(): Promise<void> {
    // Also when its process has ended: what it started may have outlived it.
    if (this.#machine === null) return;
    const { machines, backend } = this.#deps;
    try {
      await (machines?.release(this.#machine, this.#peaceful) ?? backend.destroy(this.#machine));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      process.emitWarning(`runner ${this.id} could not be destroyed, its lease will end it: ${why}`, "FlameletWarning");
    }
  }
}

function provisionFailure(id: string, error: unknown): BootError {
  const message = error instanceof Error ? error.message : String(error);
  const failure = FlameError.is(error) && error.code === "ERR_FLAME_OPTION" ? "config" : "transient";
  return new BootError(`runner ${id} could not be provisioned: ${message}`, {
    failure,
    cause: error,
  });
}
