import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, isIPv4, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Network } from "../backends/backend.ts";
import type { ParentEnv } from "../child/parent-env.ts";
import { DIRECTORY_PREFIX, removeStaleSockets, SOCKET_NAME } from "./stale-sockets.ts";

/** A server that listens, and where it can be dialed. */
export interface OpenServer {
  readonly server: Server;
  readonly address: ParentEnv["address"];
  /** Takes no more connections, and leaves nothing behind. Those that exist live on. */
  close(): void;
}

/** A socket file's path must fit into a `sockaddr_un`: 104 bytes on macOS, 108 on Linux, with the closing zero. */
const LONGEST_SOCKET_PATH = 103;

/** Whether sessions on this network need no encryption of their own. */
export function encryptedAlready(network: Network): boolean {
  if (network.kind === "unix") return true;
  const { host, advertise = host, encrypted = isLoopback(host) && isLoopback(advertise) } = network;
  return encrypted;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/**
 * Listens on a network, in a way that does not keep the process alive.
 *
 * @param pauseOnConnect Whether what it accepts is paused, as a server of Node may do.
 */
export async function openServer(network: Network, pauseOnConnect = false): Promise<OpenServer> {
  const server = createServer({ pauseOnConnect });
  server.unref();
  return network.kind === "unix" ? onSocketFile(server) : onPort(server, network);
}

/** The directories of socket files that this process listens on: should it exit, they go with it. */
const directories = new Set<string>();

function removeAll(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}

/** The socket file is in a directory of its own, which nobody else may enter. */
async function onSocketFile(server: Server): Promise<OpenServer> {
  const wanted = join(tmpdir(), `${DIRECTORY_PREFIX}XXXXXX`, SOCKET_NAME);
  const base = Buffer.byteLength(wanted) > LONGEST_SOCKET_PATH ? "/tmp" : tmpdir();
  const directory = mkdtempSync(join(base, DIRECTORY_PREFIX));
  directories.add(directory);
  if (directories.size === 1) process.on("exit", removeAll);
  const close = (): void => {
    server.close();
    rmSync(directory, { recursive: true, force: true });
    directories.delete(directory);
    if (directories.size === 0) process.off("exit", removeAll);
  };
  const path = join(directory, SOCKET_NAME);
  try {
    await listening(server, { path });
  } catch (error) {
    close();
    throw error;
  }
  void removeStaleSockets(base);
  return { server, address: { path }, close };
}

async function onPort(server: Server, network: Network & { kind: "tcp" }): Promise<OpenServer> {
  await listening(server, { host: network.host, port: 0 });
  const { port } = server.address() as AddressInfo;
  return {
    server,
    address: { host: network.advertise ?? network.host, port },
    close: () => void server.close(),
  };
}

function listening(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      // Such as running out of file descriptors when somebody dials in: nothing that should end the app.
      server.on("error", (error) => process.emitWarning(`flamelet's listener: ${error.message}`, "FlameletWarning"));
      resolve();
    });
  });
}
