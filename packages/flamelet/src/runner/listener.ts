import type { Socket } from "node:net";
import type { Network } from "../backends/backend.ts";
import type { ParentEnv } from "../child/parent-env.ts";
import { type Clock, systemClock } from "../clock.ts";
import { adopt } from "../session/adopt.ts";
import { acceptRunner, type SeatKey } from "../session/handshake.ts";
import type { LinkKind } from "../session/hello.ts";
import { ReadMemory } from "../session/read-memory.ts";
import { SocketTransport } from "../session/socket.ts";
import type { Transport } from "../wire/transport.ts";
import type { Encryption } from "../session/tls.ts";
import { encryptedAlready, type OpenServer, openServer } from "./listener-address.ts";
import { WatchdogLink } from "./watchdog-link.ts";

/** How many connections may be in their handshake at once. One more closes the oldest, which had its chance. */
const MOST_PENDING = 256;

/** Who is expected to dial in. */
export interface SeatSpec extends Pick<ParentEnv, "runnerId" | "epoch" | "secret" | "buildId"> {}

/** Hears of what the runner of one seat does. */
export interface SeatListener {
  /** The runner's session may begin. There is one at a time. The socket does not keep the process alive. */
  main(transport: Transport): void;
  /** The runner's watchdog is connected: once, since one link outlives its connections. */
  watchdog(link: WatchdogLink): void;
  /**
   * The runner proved to be who it is, and was refused: a `BuildMismatchError`, or a `ProtocolError` about its version or
   * boot. What somebody does who cannot prove it says nothing about the runner, and is not told.
   */
  refused(error: Error): void;
}

/** A runner's place at the listener, from its boot to its end. Disposing of it also closes its watchdog link. */
export interface Seat extends Disposable {
  /** Where the runner dials. */
  readonly address: ParentEnv["address"];
  /** What it knows its parent by. Left out where the session is not encrypted. */
  readonly certificate?: ParentEnv["certificate"];
}

/** Where the runners of a pool are expected: a `Listener`, or what stands for one where there are no sockets. */
export interface Seats {
  /** Lets one runner dial in. A seat of an older boot of the same runner is replaced. Rejects when nobody can dial in. */
  seat(spec: SeatSpec, on: SeatListener): Promise<Seat>;
}

const listeners = new Map<string, Listener>();

/** The one listener that this process has for that network. */
export function listenerFor(network: Network): Listener {
  const key = JSON.stringify(network);
  let listener = listeners.get(key);
  if (listener === undefined) listeners.set(key, (listener = new Listener(network)));
  return listener;
}

/** What a listener is while it is open. */
interface Open {
  readonly server: OpenServer;
  readonly encryption: Encryption | null;
}

/** Where runners dial in. Opened for the first seat, closed with the last, and never a reason for the process to live. */
export class Listener implements Seats {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #seats = new Map<string, TakenSeat>();
  readonly #pending = new Set<Socket>();
  #open: Promise<Open> | null = null;
  /** Seats, and those that wait for the server. */
  #users = 0;

  constructor(network: Network, clock: Clock = systemClock) {
    this.#network = network;
    this.#clock = clock;
  }

  async seat(spec: SeatSpec, on: SeatListener): Promise<Seat> {
    this.#users += 1;
    const opening = (this.#open ??= this.#listen());
    let open: Open;
    try {
      open = await opening;
    } catch (error) {
      if (this.#open === opening) this.#open = null;
      this.#users -= 1;
      throw error;
    }
    const seat = new TakenSeat(spec, on, this.#clock);
    this.#seats.set(spec.runnerId, seat);
    let disposed = false;
    const dispose = (): void => {
      if (disposed) return;
      disposed = true;
      seat.leave();
      if (this.#seats.get(spec.runnerId) === seat) this.#seats.delete(spec.runnerId);
      this.#users -= 1;
      if (this.#users === 0) this.#close();
    };
    const { server, encryption } = open;
    return { address: server.address, certificate: encryption?.certificate, [Symbol.dispose]: dispose };
  }

  async #listen(): Promise<Open> {
    const encryption = encryptedAlready(this.#network) ? null : (await import("../session/tls.ts")).newEncryption();
    // What is encrypted is read by TLS, which on Bun never begins with a paused socket.
    const server = await openServer(this.#network, encryption === null);
    server.server.on("connection", (socket) => {
      if (encryption !== null) return void this.#greet(encryption.wrap(socket), null);
      const memory = new ReadMemory();
      const adopted = adopt(socket, memory);
      void (adopted === null ? this.#greet(socket, null) : this.#greet(adopted, memory));
    });
    return { server, encryption };
  }

  #close(): void {
    void this.#open?.then(({ server }) => server.close());
    this.#open = null;
    for (const socket of this.#pending) socket.destroy();
  }

  async #greet(socket: Socket, memory: ReadMemory | null): Promise<void> {
    socket.unref();
    this.#pending.add(socket);
    const [oldest] = this.#pending;
    if (this.#pending.size > MOST_PENDING) this.#drop(oldest);
    const transport = new SocketTransport(socket, memory);
    let seat: TakenSeat | undefined;
    const find = (runnerId: string): SeatKey | undefined => (seat = this.#seats.get(runnerId))?.key(socket);
    let kind: LinkKind;
    try {
      kind = await acceptRunner(transport, find, this.#clock);
    } catch {
      // The connection is closed, and a refusal has been told to the seat.
      return;
    } finally {
      this.#pending.delete(socket);
    }
    seat?.take(kind, transport);
  }

  #drop(socket: Socket | undefined): void {
    if (socket === undefined) return;
    this.#pending.delete(socket);
    socket.destroy();
  }
}

/** A seat, as the listener sees it. */
class TakenSeat {
  readonly #spec: SeatSpec;
  readonly #on: SeatListener;
  readonly #clock: Clock;
  #main: Socket | null = null;
  #watchdog: WatchdogLink | null = null;
  #left = false;

  constructor(spec: SeatSpec, on: SeatListener, clock: Clock) {
    this.#spec = spec;
    this.#on = on;
    this.#clock = clock;
  }

  /** What `acceptRunner` needs to know for one connection. */
  key(socket: Socket): SeatKey {
    return { ...this.#spec, claim: (kind) => this.#claim(kind, socket), refused: (error) => this.#refused(error) };
  }

  #claim(kind: LinkKind, socket: Socket): boolean {
    // A watchdog whose connection broke unnoticed dials again: the newest one that proved itself counts.
    if (kind === "watchdog") return true;
    if (this.#main !== null) return false;
    this.#main = socket;
    socket.once("close", () => {
      if (this.#main === socket) this.#main = null;
    });
    return true;
  }

  take(kind: LinkKind, transport: Transport): void {
    if (this.#left) return transport.destroy();
    if (kind === "main") return this.#on.main(transport);
    const known = this.#watchdog;
    const link = (this.#watchdog ??= new WatchdogLink(this.#clock));
    if (known === null) this.#on.watchdog(link);
    link.attach(transport);
  }

  #refused(error: Error): void {
    if (!this.#left) this.#on.refused(error);
  }

  leave(): void {
    this.#left = true;
    this.#watchdog?.close();
  }
}
