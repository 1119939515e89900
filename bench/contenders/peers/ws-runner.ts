import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type WebSocket, WebSocketServer } from "ws";

/** A process that connected back over a WebSocket. */
export interface WsRunner {
  readonly socket: WebSocket;
  close(): Promise<void>;
}

/** Starts `node <module> <port>` and waits for its connection. */
export async function startWsRunner(module: URL): Promise<WsRunner> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const child: ChildProcess = spawn(process.execPath, [fileURLToPath(module), String(port)], {
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  const [socket] = (await once(server, "connection")) as [WebSocket];
  return {
    socket,
    close: async () => {
      socket.terminate();
      server.close();
      child.kill("SIGKILL");
    },
  };
}
