import { acceptRunner, type SeatKey } from "../src/session/handshake.ts";
import type { LinkKind } from "../src/session/hello.ts";
import type { Seat, SeatListener, Seats, SeatSpec } from "../src/runner/listener.ts";
import { WatchdogLink } from "../src/runner/watchdog-link.ts";
import type { SimulatedSocket } from "./network.ts";
import type { Thread } from "./thread.ts";
import type { World } from "./world.ts";

interface Taken {
  readonly spec: SeatSpec;
  readonly on: SeatListener;
  main: SimulatedSocket | null;
  watchdog: WatchdogLink | null;
}

/** Where the runners of a history dial in: what `runner/listener.ts` is for sockets, with the same handshake. */
export class SimulatedSeats implements Seats {
  readonly #world: World;
  readonly #taken = new Map<string, Taken>();
  /** Connections in their handshake. */
  readonly #pending = new Set<SimulatedSocket>();
  readonly #newLink: () => WatchdogLink;

  constructor(world: World, newLink: () => WatchdogLink = () => new WatchdogLink(world.parent.clock)) {
    this.#world = world;
    this.#newLink = newLink;
  }

  /** How many runners are expected, or here. */
  get size(): number {
    return this.#taken.size;
  }

  seat(spec: SeatSpec, on: SeatListener): Promise<Seat> {
    const taken: Taken = { spec, on, main: null, watchdog: null };
    this.#taken.set(spec.runnerId, taken);
    const dispose = (): void => {
      if (this.#taken.get(spec.runnerId) !== taken) return;
      this.#taken.delete(spec.runnerId);
      taken.watchdog?.close();
      // Nobody is expected any more, so nobody listens.
      if (this.#taken.size === 0) for (const socket of this.#pending) socket.destroy();
    };
    return Promise.resolve({ address: { path: "/simulated" }, [Symbol.dispose]: dispose });
  }

  /** Somebody dials: the connection is there after a round trip, whatever the parent is doing. */
  dial(from: Thread): Promise<SimulatedSocket | null> {
    const { scheduler, network, parent } = this.#world;
    return new Promise((resolve) => {
      scheduler.after(network.latency(), () => {
        if (parent.dead || this.#taken.size === 0)
          return void scheduler.after(network.latency(), () => resolve(null), from);
        const [near, far] = network.connect(from, parent);
        scheduler.after(0, () => (this.#taken.size === 0 ? far.destroy() : void this.#greet(far)), parent);
        scheduler.after(network.latency(), () => resolve(near), from);
      });
    });
  }

  async #greet(socket: SimulatedSocket): Promise<void> {
    let taken: Taken | undefined;
    const find = (runnerId: string): SeatKey | undefined => {
      taken = this.#taken.get(runnerId);
      return taken === undefined ? undefined : this.#key(taken, socket);
    };
    this.#pending.add(socket);
    let kind: LinkKind;
    try {
      kind = await acceptRunner(socket, find, this.#world.parent.clock);
    } catch {
      return;
    } finally {
      this.#pending.delete(socket);
    }
    if (taken === undefined || this.#taken.get(taken.spec.runnerId) !== taken) return socket.destroy();
    if (kind === "main") return taken.on.main(socket);
    const known = taken.watchdog;
    const link = (taken.watchdog ??= this.#newLink());
    if (known === null) taken.on.watchdog(link);
    link.attach(socket);
  }

  #key(taken: Taken, socket: SimulatedSocket): SeatKey {
    return {
      ...taken.spec,
      claim: (kind) => {
        if (kind === "watchdog") return true;
        if (taken.main !== null) return false;
        taken.main = socket;
        socket.onClosed = () => {
          if (taken.main === socket) taken.main = null;
        };
        return true;
      },
      refused: (error) => {
        if (this.#taken.get(taken.spec.runnerId) === taken) taken.on.refused(error);
      },
    };
  }
}
