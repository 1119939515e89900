import { createBirpc } from "birpc";
import { pack, unpack } from "msgpackr";
import type * as functions from "../functions.ts";
import type { Rpc } from "../rpc.ts";
import { startWsRunner } from "./ws-runner.ts";

/** A process, over a WebSocket, with msgpackr. */
export async function openBirpc(): Promise<Rpc> {
  const runner = await startWsRunner(new URL("./birpc-runner.ts", import.meta.url));
  const remote = createBirpc<typeof functions>(
    {},
    {
      post: (data: Buffer) => runner.socket.send(data),
      on: (receive) => runner.socket.on("message", receive),
      serialize: pack,
      deserialize: unpack,
    },
  );
  return {
    noop: () => remote.noop(),
    echo: (value) => remote.echo(value),
    sleep: (ms) => remote.sleep(ms),
    [Symbol.asyncDispose]: () => runner.close(),
  };
}
