/** Serves `functions.ts` over a WebSocket, as a process of its own. */
import { newWebSocketRpcSession, RpcTarget } from "capnweb";
import { WebSocket } from "ws";
import * as functions from "../functions.ts";
import { chunks, count } from "../streams.ts";

class Functions extends RpcTarget {
  noop(): Promise<void> {
    return functions.noop();
  }
  echo(value: unknown): Promise<unknown> {
    return functions.echo(value);
  }
  sleep(ms: number): Promise<void> {
    return functions.sleep(ms);
  }
  pid(): number {
    return process.pid;
  }
  sink(source: ReadableStream<Uint8Array>): Promise<number> {
    return count(source);
  }
  source(bytes: number, chunk: number): ReadableStream<Uint8Array> {
    return ReadableStream.from(chunks(bytes, chunk));
  }
}

const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}`);
socket.on("close", () => process.exit(0));
newWebSocketRpcSession(socket as unknown as globalThis.WebSocket, new Functions());
