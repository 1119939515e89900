import { connect, type Socket } from "node:net";

/** Connects a runner of the bench's own contenders to its parent; see `startRunner`. It ends with that connection. */
export function dialParent(): Socket {
  const address = process.argv[2] ?? "";
  const socket = /^\d+$/.test(address)
    ? connect({ port: Number(address), host: "127.0.0.1", noDelay: true })
    : connect(address);
  return socket.on("error", () => process.exit(1)).on("close", () => process.exit(0));
}
