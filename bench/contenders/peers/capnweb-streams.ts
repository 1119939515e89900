import { newWebSocketRpcSession } from "capnweb";
import { chunks, count, type Streams } from "../streams.ts";
import { startWsRunner } from "./ws-runner.ts";

interface Functions {
  pid(): Promise<number>;
  sink(source: ReadableStream<Uint8Array>): Promise<number>;
  source(bytes: number, chunk: number): Promise<ReadableStream<Uint8Array>>;
}

/** `ReadableStream`s over a WebSocket. */
export async function openCapnwebStreams(): Promise<Streams> {
  const runner = await startWsRunner(new URL("./capnweb-runner.ts", import.meta.url));
  const remote = newWebSocketRpcSession(runner.socket as unknown as globalThis.WebSocket) as unknown as Functions;
  return {
    runnerPid: await remote.pid(),
    up: async (bytes, chunk) => void (await remote.sink(ReadableStream.from(chunks(bytes, chunk)))),
    down: async (bytes, chunk) => void (await count(await remote.source(bytes, chunk))),
    [Symbol.asyncDispose]: () => runner.close(),
  };
}
