import { randomInt } from "node:crypto";
import { type Server, createServer } from "node:net";
import { once } from "node:events";
import { API_PORT, type MachineAddress, type PrivateNetwork } from "./network.ts";

/** From 127.16 to 127.249. */
const NETWORKS = 234;

/**
 * Loopback addresses `127.x.y.z`, which need no setup on Linux: one `127.x.0.0/16` for each emulator, held by listening in
 * it, so that two emulators on one host do not meet. (macOS has only 127.0.0.1 until `ifconfig lo0 alias` adds more.)
 */
export async function loopbackNetwork(): Promise<PrivateNetwork> {
  // Where addresses have to be added by hand, they should be the same each time.
  const first = process.platform === "darwin" ? 0 : randomInt(NETWORKS);
  for (let step = 0; step < NETWORKS; step++) {
    const network = `127.${16 + ((first + step) % NETWORKS)}`;
    const hold = await listenAt(`${network}.0.2`);
    if (hold !== null) return new LoopbackNetwork(network, hold);
  }
  throw new Error("no 127.x.0.0/16 is free on this host: end some of the emulators that run here");
}

class LoopbackNetwork implements PrivateNetwork {
  readonly isolated = false;
  readonly host: string;
  readonly #network: string;
  readonly #hold: Server;
  readonly #taken = new Set<string>();
  #next = 256;

  constructor(network: string, hold: Server) {
    this.#network = network;
    this.#hold = hold;
    this.host = `${network}.0.3`;
  }

  take(): MachineAddress {
    for (let tries = 0; tries < 65_000; tries++) {
      const number = this.#next;
      this.#next = number === 65_000 ? 256 : number + 1;
      const address = `${this.#network}.${number >> 8}.${number & 255}`;
      if ((number & 255) === 0 || (number & 255) === 255 || this.#taken.has(address)) continue;
      this.#taken.add(address);
      return { privateIp: address, serviceIp: address, enter: [] };
    }
    throw new Error("no loopback address is left");
  }

  async ready(): Promise<void> {}

  release({ privateIp }: MachineAddress): void {
    this.#taken.delete(privateIp);
  }

  async separate(): Promise<void> {}

  async close(): Promise<void> {
    this.#hold.close();
  }
}

/** Null where the address is taken. */
async function listenAt(host: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  server.listen(API_PORT, host);
  try {
    await once(server, "listening");
    return server;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") return null;
    if (code !== "EADDRNOTAVAIL") throw error;
    throw new Error(
      `this host has no loopback address ${host}, as macOS has none but 127.0.0.1: add them first, such as with ` +
        "`for i in 0.2 0.3 1.{1..50}; do sudo ifconfig lo0 alias 127.16.$i; done`",
    );
  }
}
