import { newWebSocketRpcSession } from "capnweb";
import type { Rpc } from "../rpc.ts";
import { startWsRunner } from "./ws-runner.ts";

interface Functions {
  noop(): Promise<void>;
  echo(value: unknown): Promise<unknown>;
  sleep(ms: number): Promise<void>;
}

/** A process, over a WebSocket. */
export async function openCapnweb(): Promise<Rpc> {
  const runner = await startWsRunner(new URL("./capnweb-runner.ts", import.meta.url));
  const remote = newWebSocketRpcSession(runner.socket as unknown as globalThis.WebSocket) as unknown as Functions;
  return {
    noop: async () => await remote.noop(),
    echo: async (value) => await remote.echo(value),
    sleep: async (ms) => await remote.sleep(ms),
    [Symbol.asyncDispose]: () => runner.close(),
  };
}
