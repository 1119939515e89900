import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { replayAnswer, type ReplayTarget } from "./replay.ts";

/** Answers a request of Node's http server by having Fly Proxy replay it. */
export function replayResponse(response: ServerResponse, target: ReplayTarget): void {
  const { status, headers, body } = replayAnswer(target);
  response.writeHead(status, headers).end(body);
}

/**
 * Has Fly Proxy replay a request for a WebSocket: to be called in the listener of the server's `upgrade` event, instead of
 * upgrading. A connection that has been upgraded cannot be replayed any more; the target upgrades this one.
 */
export function replayUpgrade(socket: Duplex, target: ReplayTarget): void {
  const { status, headers, body } = replayAnswer(target);
  const all = { ...headers, "content-length": String(Buffer.byteLength(body)), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} Conflict\r\n${lines.join("")}\r\n${body}`);
}
