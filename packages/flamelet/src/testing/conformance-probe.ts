import type { Socket } from "node:net";
import type { Network } from "../backends/backend.ts";
import { openServer, type OpenServer } from "../runner/listener-address.ts";
import type { Address } from "./toxic-proxy.ts";

/** What a machine of the suite is told, as JSON in the environment variable `CONFORMANCE`. */
export interface Order {
  /** Where to report to. */
  readonly address: Address;
  /** Comes back in the report. */
  readonly tag: string;
  /** Whether to start a process of its own, and leave it behind. */
  readonly grandchild: boolean;
  /** What it is itself. */
  readonly role: Role;
}

export type Role = "machine" | "grandchild";

/** What a machine, or the process that it started, says first. */
export interface Report {
  readonly role: Role;
  readonly tag: string;
  /** Whether it took itself for a runner. */
  readonly isRunner: boolean;
  /** Whether the secret is out of its environment. */
  readonly scrubbed: boolean;
}

/** How a machine is to end, sent back to it. */
export type Ending = { readonly code: number } | { readonly signal: NodeJS.Signals };

/** A process that reported. Its connection is how the suite knows whether it lives, wherever it runs. */
export class Reported {
  readonly report: Report;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
  readonly #socket: Socket;

  constructor(report: Report, socket: Socket) {
    this.report = report;
    this.#socket = socket;
    this.gone = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  end(how: Ending): void {
    this.#socket.write(JSON.stringify(how));
  }
}

/** Where the suite's machines report to: in the same network as runners reach their parent. */
export class Probe {
  readonly address: Address;
  readonly #open: OpenServer;
  readonly #sockets = new Set<Socket>();
  readonly #reported: Reported[] = [];
  #changed = (): void => {};

  private constructor(open: OpenServer) {
    this.#open = open;
    this.address = open.address;
    open.server.on("connection", (socket) => this.#accept(socket));
  }

  static async open(network: Network): Promise<Probe> {
    return new Probe(await openServer(network));
  }

  /** Those that reported with this tag so far. */
  seen(tag: string, role: Role = "machine"): Reported[] {
    return this.#reported.filter(({ report }) => report.tag === tag && report.role === role);
  }

  /** The one that reports with this tag. */
  async report(tag: string, role: Role = "machine"): Promise<Reported> {
    for (;;) {
      const [found] = this.seen(tag, role);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const before = this.#changed;
        this.#changed = () => (before(), resolve());
      });
    }
  }

  close(): void {
    this.#open.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    let text = "";
    socket.on("data", (bytes: Buffer) => {
      // A runner dials its parent as well. It gets no answer here.
      if (text === "" && bytes[0] !== "{".charCodeAt(0)) return;
      text += bytes.toString();
      if (!text.endsWith("\n")) return;
      this.#reported.push(new Reported(JSON.parse(text) as Report, socket));
      text = "";
      const changed = this.#changed;
      this.#changed = () => {};
      changed();
    });
  }
}
