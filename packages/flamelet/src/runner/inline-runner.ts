import { Server } from "../child/serve.ts";
import type { Clock, Timer } from "../clock.ts";
import { RunnerLostError } from "../errors.ts";
import { LinkedList } from "../linked-list.ts";
import type { RegisteredFunction } from "../registry.ts";
import { memoryTransportPair } from "../session/memory-transport.ts";
import { Session } from "../session/session.ts";
import { SharedTimers } from "../shared-timers.ts";
import { DirectWork } from "./direct-work.ts";
import type { RunnerListener } from "./runner-control.ts";
import { RunningWork, type Work, type Worker, type WorkKeeper, type WorkOwner } from "./work.ts";

/**
 * A runner that is this very process, for tests and for work that may as well run here. What crosses goes through the same
 * session and codec as to any other runner, so that a value which could not cross fails here already.
 */
export class InlineRunner implements Worker, WorkKeeper<RunningWork | DirectWork> {
  readonly id: string;
  readonly #pool: string;
  readonly #clock: SharedTimers;
  readonly #listener: RunnerListener;
  /** The parent's end, and the runner's. */
  readonly #session: Session;
  readonly #inside: Session;
  readonly #server: Server;
  /** The uncompiled closures that are on their way here, or run. */
  readonly #closures = new Map<string, RegisteredFunction>();
  readonly #works = new LinkedList<RunningWork | DirectWork>();
  #draining = false;
  #over = false;
  #timer: Timer | null = null;

  constructor(id: string, pool: string, clock: Clock, listener: RunnerListener) {
    this.id = id;
    this.#pool = pool;
    this.#clock = new SharedTimers(clock);
    this.#listener = listener;
    const [here, there] = memoryTransportPair();
    this.#server = new Server({
      clock: this.#clock,
      runner: { id, pool },
      loaded: Promise.resolve(),
      own: this.#closures,
    });
    // No heartbeat judges this process by its own silence.
    const options = { clock, silence: Infinity, heartbeat: Infinity };
    const closed = (error?: Error): void => this.#gone(error?.message ?? "it retired");
    this.#session = new Session(here, { ready: () => listener.ready(), closed }, options);
    this.#inside = new Session(there, { call: (call) => this.#server.call(call), closed }, options);
    this.#inside.ready();
  }

  run(work: Work, owner: WorkOwner): void {
    if (this.#over || (this.#draining && work.local !== null)) {
      owner.settled({ moved: true });
      return owner.ended();
    }
    const running: RunningWork | DirectWork =
      work.local === null
        ? new RunningWork(work, this.#session, this.#clock, owner, this)
        : new DirectWork(work, work.local, { id: this.id, pool: this.#pool }, this.#clock, owner, this);
    this.#works.append(running.seat);
    if (work.own !== null) this.#closures.set(work.fn, work.own);
    running.start();
  }

  workEnded(running: RunningWork | DirectWork, { fn, own }: Work): void {
    this.#works.remove(running.seat);
    if (own !== null) this.#closures.delete(fn);
    // Once the owner of that work has heard of its end, too.
    if (this.#draining) queueMicrotask(() => this.#settleIdle());
  }

  workStuck({ label }: Work): void {
    if (!this.#over) this.#listener.leaving(`${label} ignores that its time is over`);
  }

  drain(reason: string, grace: number): void {
    if (this.#over || this.#draining) return;
    this.#draining = true;
    this.#timer = this.#clock.setTimer(grace, () =>
      this.kill(`it did not end within ${grace} ms of being asked to: ${reason}`),
    );
    // What is on its way in is sent back, and what is on its way out arrives, before it goes.
    this.#server.drain(() => {});
    this.#settleIdle();
  }

  kill(reason: string): void {
    this.#gone(reason);
  }

  #settleIdle(): void {
    if (this.#draining && this.#works.size === 0) this.#gone("it retired");
  }

  #gone(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    const error = this.#works.size === 0 ? null : new RunnerLostError(this.id, why);
    const reason = error ?? new RunnerLostError(this.id, why, { outcome: "not-started" });
    this.#session.abandon(reason);
    this.#inside.abandon(reason);
    // The end of one can be the end of others.
    const lost = [...this.#works];
    for (const work of lost) work.lost(reason);
    this.#clock[Symbol.dispose]();
    this.#listener.ended(error);
  }
}
