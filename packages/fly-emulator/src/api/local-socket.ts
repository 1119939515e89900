import { mkdirSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { Socket } from "node:net";
import { dirname, join } from "node:path";
import type { FastifyInstance } from "fastify";
import { rootOf } from "../world/boot.ts";
import type { Machine } from "../world/machine.ts";
import type { MachineState } from "../world/machine-state.ts";
import type { World } from "../world/world.ts";

/** States in which processes of a machine may speak through its socket. */
const OPEN: readonly MachineState[] = ["starting", "started", "suspending", "suspended", "stopping", "restarting"];

const speakers = new WeakMap<Socket, Machine>();

/** The machine that speaks through its own socket, and needs no token for what it does to itself. */
export function speakerOf(socket: Socket): Machine | undefined {
  return speakers.get(socket);
}

/** Where the socket of a machine lies, below the folder that stands for its root. */
function localSocketPath(world: World, machine: Machine): string {
  return join(rootOf(world, machine), ".fly/api");
}

/**
 * Gives each machine the unix socket that Fly puts at `/.fly/api`: the same API, by which a machine can suspend or stop
 * itself. https://fly.io/docs/reference/suspend-resume/
 */
export class LocalSockets {
  readonly #servers = new Map<Machine, Server>();
  readonly #world: World;
  readonly #api: FastifyInstance;

  constructor(world: World, api: FastifyInstance) {
    this.#world = world;
    this.#api = api;
    world.onPrepareRoot = (machine) => this.#open(machine);
    world.events.on("machine", (machine) => {
      if (!OPEN.includes(machine.state)) this.#close(machine);
    });
  }

  close(): void {
    for (const machine of this.#servers.keys()) this.#close(machine);
  }

  #open(machine: Machine): void {
    this.#close(machine);
    const path = localSocketPath(this.#world, machine);
    mkdirSync(dirname(path), { recursive: true });
    const server = createServer((request, response) => {
      speakers.set(request.socket, machine);
      this.#api.routing(request, response);
    });
    server.unref();
    // Too long a path for a socket, say: the machine runs without.
    server.on("error", (error) => process.emitWarning(`no API socket at ${path}: ${error.message}`, "FlyEmulator"));
    server.listen(path);
    this.#servers.set(machine, server);
  }

  #close(machine: Machine): void {
    const server = this.#servers.get(machine);
    this.#servers.delete(machine);
    server?.close();
    server?.closeAllConnections();
  }
}
