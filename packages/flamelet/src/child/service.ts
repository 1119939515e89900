import type { Clock } from "../clock.ts";
import { Session } from "../session/session.ts";
import { SharedTimers } from "../shared-timers.ts";
import type { Transport } from "../wire/transport.ts";
import { ORPHANED } from "./parent-env.ts";
import { Server } from "./serve.ts";

/** How long a runner's work has, in ms, to end after its parent is gone; it leaves by then even if work goes on. */
const ORPHAN_GRACE = 5_000;

export interface ServiceOptions {
  readonly clock: Clock;
  readonly runner: { readonly id: string; readonly pool: string };
  /** How long the parent may be silent, in ms. */
  readonly lease: number;
  /** Resolves when the app is loaded: only then is the runner ready. */
  readonly loaded: Promise<void>;
  /** Loads the module of a function that is not here yet. Rejects with what it threw. */
  readonly load?: (id: string, hash: string) => Promise<void>;
  /** Ends this process. Called at least once when the service is over. */
  readonly end: (code: number) => void;
}

/** The life of a runner over its one connection to its parent: it serves, and it ends when one of the two goes. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #timers: SharedTimers;
  readonly #server: Server;
  readonly #session: Session;
  #leaving = false;
  #signalled = false;
  /** What a signal that was held back waits for. */
  readonly #gone: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(transport: Transport, options: ServiceOptions) {
    const { clock, loaded, lease } = options;
    this.#options = options;
    this.#timers = new SharedTimers(clock);
    this.#server = new Server({ ...options, clock: this.#timers });
    this.#session = new Session(
      transport,
      {
        call: (call) => this.#server.call(call),
        drain: () => this.#server.drain(() => this.#leave()),
        closed: (error) => this.#closed(error),
      },
      // As patient as the watchdog, since a parent may be paused. It has a connection of its own, so it cannot know of one
      // here that brings nothing any more, over which the parent still hears this side and waits.
      { clock, silence: lease, answers: true },
    );
    void loaded.then(() => this.#session.ready());
  }

  /** How much is open on its connection; see `Session.open`. */
  get open(): number {
    return this.#session.open;
  }

  /**
   * Its host stops this process: the parent is told, and its work ends. Resolves when it has and the parent has heard of
   * it, for the signal to go on: that may end the process at once, and with it what was not sent yet.
   */
  stop(): Promise<void> {
    this.#signalled = true;
    this.#session.leaving("its host is stopping it");
    this.#server.drain(() => this.#leave());
    return this.#gone.promise;
  }

  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#session.goodbye();
    if (this.#signalled) this.#options.clock.setTimer(ORPHAN_GRACE, () => this.#gone.resolve());
  }

  #closed(error: Error | undefined): void {
    const { clock, end } = this.#options;
    this.#timers[Symbol.dispose]();
    // A signal that was held back for the work has its own course, through the app's listeners.
    if (this.#leaving && !this.#signalled) return end(0);
    if (this.#leaving) {
      this.#gone.resolve();
      return void clock.setTimer(ORPHAN_GRACE, () => end(0));
    }
    if (error !== undefined) console.error(`flamelet: the connection to the parent ended: ${error.message}`);
    // The parent is gone: work hears it by its signal, and has a moment to clean up after itself.
    this.#session.abandon(new Error("the parent is gone"));
    this.#server.drain(() => {
      this.#gone.resolve();
      end(ORPHANED);
    });
    clock.setTimer(ORPHAN_GRACE, () => end(ORPHANED));
  }
}
