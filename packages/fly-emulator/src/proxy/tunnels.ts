import type { Duplex } from "node:stream";

/** A connection that an upgrade has made of a request: bytes both ways. */
export interface Tunnel {
  readonly client: Duplex;
  readonly machine: Duplex;
  readonly webSocket: boolean;
}

/** RFC 6455 §7.4.1: the server is going away. */
const GOING_AWAY = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

/** The upgraded connections of each machine. */
export class Tunnels {
  readonly #open = new Map<string, Set<Tunnel>>();

  /** Joins the two ends, until one of them closes; then closes the other, and calls `closed`. */
  join(machineId: string, tunnel: Tunnel, closed: () => void): void {
    const { client, machine } = tunnel;
    const set = this.#open.get(machineId) ?? new Set<Tunnel>();
    this.#open.set(machineId, set);
    set.add(tunnel);
    client.pipe(machine);
    machine.pipe(client);
    const close = (): void => {
      if (!set.delete(tunnel)) return;
      if (set.size === 0) this.#open.delete(machineId);
      client.destroy();
      machine.destroy();
      closed();
    };
    for (const end of [client, machine]) {
      end.on("error", close);
      end.on("close", close);
    }
  }

  /** Tells the clients of a machine that it goes away, as Fly Proxy does before it stops one, and closes. */
  goAway(machineId: string): void {
    for (const { client, machine, webSocket } of this.#open.get(machineId) ?? []) {
      machine.unpipe(client);
      client.end(webSocket ? GOING_AWAY : undefined);
      machine.end();
    }
  }
}
