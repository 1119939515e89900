import { connect, type Socket } from "node:net";
import type { Network } from "../backends/backend.ts";
import type { ParentEnv } from "../child/parent-env.ts";
import { type OpenServer, openServer } from "../runner/listener-address.ts";
import { resetSocket, ToxicPipe } from "./toxic-pipe.ts";
import { Toxics } from "./toxics.ts";

/** Where something listens: a socket file, or a host and port. */
export type Address = ParentEnv["address"];

export interface ToxicProxyOptions {
  /** Where connections are passed on to. */
  readonly target: Address;
  /** What the proxy listens on. Default: a socket file when the target is one, else a port of 127.0.0.1. */
  readonly network?: Network;
  /**
   * Chooses the toxics of a connection once it has seen its first bytes: `peek.bytes` of them. Default: the proxy's own
   * `toxics`, from the start.
   */
  readonly peek?: { readonly bytes: number; readonly choose: (first: Buffer) => Toxics };
}

/**
 * A proxy for TCP and for socket files that lives in this process and does to connections what bad networks do, as
 * Shopify's toxiproxy does. Toxics can be added and removed while connections live.
 *
 * ```ts
 * await using proxy = await ToxicProxy.open({ target: { host: "127.0.0.1", port: 5432 } });
 * using _ = proxy.toxics.add({ kind: "latency", ms: 100, jitter: 50 }, "down");
 * connect(proxy.address);
 * ```
 */
export class ToxicProxy implements AsyncDisposable {
  /** The toxics of all connections, unless `peek` chose others. */
  readonly toxics: Toxics = new Toxics();
  readonly #options: ToxicProxyOptions;
  readonly #open: OpenServer;
  readonly #connections = new Set<ToxicConnection>();
  /** Dialed in, and not seen enough of to be passed on. */
  readonly #waiting = new Set<Socket>();

  private constructor(options: ToxicProxyOptions, open: OpenServer) {
    this.#options = options;
    this.#open = open;
    open.server.on("connection", (client) => this.#accept(client));
  }

  /** Starts to listen. Rejects when that is not possible. */
  static async open(options: ToxicProxyOptions): Promise<ToxicProxy> {
    const network = options.network ?? ("path" in options.target ? UNIX : LOOPBACK);
    return new ToxicProxy(options, await openServer(network));
  }

  /** What to dial instead of the target. */
  get address(): Address {
    return this.#open.address;
  }

  /** How many connections are passed on at this moment. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Resets all connections that there are, once. */
  reset(): void {
    for (const connection of this.#connections) connection.reset();
  }

  /** Closes all connections, and takes no more. */
  async close(): Promise<void> {
    this.#open.close();
    const closed = [...this.#connections].map((connection) => connection.close());
    for (const client of this.#waiting) client.destroy();
    await Promise.all(closed);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
    const { peek } = this.#options;
    if (peek === undefined) return this.#pass(client, this.toxics);
    this.#waiting.add(client);
    const settled = (): void => void this.#waiting.delete(client);
    client.once("close", settled).on("error", () => {});
    const look = (): void => {
      const first = client.read(peek.bytes) as Buffer | null;
      if (first === null) return;
      client.off("readable", look);
      settled();
      client.unshift(first);
      this.#pass(client, peek.choose(first));
    };
    client.on("readable", look);
  }

  #pass(client: Socket, toxics: Toxics): void {
    const connection = new ToxicConnection(client, this.#options.target, toxics);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }
}

const UNIX: Network = { kind: "unix" };
const LOOPBACK: Network = { kind: "tcp", host: "127.0.0.1" };

/** One connection through the proxy: a socket at either end, and a pipe each way. */
class ToxicConnection {
  /** Resolves when both ends are gone. */
  readonly closed: Promise<void>;
  readonly #toxics: Toxics;
  readonly #ends: readonly [Socket, Socket];
  #timer: NodeJS.Timeout | null = null;

  constructor(client: Socket, target: Address, toxics: Toxics) {
    const upstream = connect({ ...target, allowHalfOpen: true });
    client.allowHalfOpen = true;
    this.#toxics = toxics;
    this.#ends = [client, upstream];
    const cut = (): void => this.#ends.forEach((end) => end.destroySoon());
    for (const end of this.#ends) {
      end.setNoDelay(true);
      // What an error was is told by the close that follows.
      end.on("error", () => {});
    }
    const up = new ToxicPipe(client, upstream, toxics, "up", cut);
    const down = new ToxicPipe(upstream, client, toxics, "down", cut);
    const unwatch = toxics.watch(() => this.#look());
    this.closed = Promise.all(this.#ends.map((end) => closed(end))).then(() => {
      unwatch();
      clearTimeout(this.#timer ?? undefined);
      up.close();
      down.close();
    });
    this.#look();
  }

  reset(): void {
    for (const end of this.#ends) resetSocket(end);
  }

  close(): Promise<void> {
    for (const end of this.#ends) end.destroy();
    return this.closed;
  }

  /** Resets concern the connection and not its bytes, so they are no matter of the pipes. */
  #look(): void {
    const resets = [...this.#toxics.find("reset-peer", "up"), ...this.#toxics.find("reset-peer", "down")];
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
    if (resets.length === 0) return;
    const after = Math.min(...resets.map(({ toxic }) => toxic.after ?? 0));
    this.#timer = setTimeout(() => this.reset(), after);
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}
