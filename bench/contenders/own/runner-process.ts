import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** How parent and runner are connected. */
export type Kind = "tcp" | "unix";

/** A process of one of the bench's own contenders, and the connection to it. */
export interface RunnerProcess extends Disposable {
  readonly child: ChildProcess;
  readonly socket: Socket;
}

/**
 * Starts `node <module> <address> [...args]`, and waits until it has connected back. The address is a port of loopback, or
 * the path of a socket.
 */
export async function startRunner(
  module: URL,
  kind: Kind,
  args: readonly string[] = [],
  env = process.env,
): Promise<RunnerProcess> {
  const path = join(tmpdir(), `bench-${randomBytes(6).toString("hex")}.sock`);
  const server = createServer({ noDelay: true });
  server.listen(kind === "unix" ? path : { port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const address = server.address();
  const where = typeof address === "object" && address !== null ? String(address.port) : path;
  const child = spawn(process.execPath, [fileURLToPath(module), where, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    env,
    // As flamelet does: Linux shares the CPU among sessions first, so on a busy machine two processes of one session get
    // through to each other sooner than two of different ones.
    detached: true,
  });
  const [socket] = (await once(server, "connection")) as [Socket];
  server.close();
  return {
    child,
    socket,
    [Symbol.dispose]: () => {
      socket.destroy();
      child.kill("SIGKILL");
      if (kind === "unix") rmSync(path, { force: true });
    },
  };
}
