import { Packr } from "msgpackr";
import type { Rpc } from "../rpc.ts";
import { FrameReader, FrameWriter } from "./frames.ts";
import { type Kind, startRunner } from "./runner-process.ts";

/** The least that can be called remote procedure calls: a frame, a codec, a table of functions and a promise. */
export async function openThinRpc(kind: Kind): Promise<Rpc> {
  const runner = await startRunner(new URL("./thin-rpc-runner.ts", import.meta.url), kind);
  const packr = new Packr({ useRecords: false });
  const waiting = new Map<number, (value: unknown) => void>();
  let last = 0;
  const writer = new FrameWriter(runner.socket);
  const reader = new FrameReader((frame) => {
    const [id, value] = packr.unpack(frame) as [number, unknown];
    waiting.get(id)?.(value);
    waiting.delete(id);
  });
  runner.socket.on("data", (chunk: Buffer) => reader.push(chunk));
  const call = (name: string, value: unknown): Promise<unknown> =>
    new Promise((resolve) => {
      const id = (last += 1);
      waiting.set(id, resolve);
      writer.send(packr.pack([id, name, value]));
    });
  return {
    noop: () => call("noop", null),
    echo: (value) => call("echo", value),
    sleep: (ms) => call("sleep", ms),
    [Symbol.asyncDispose]: async () => runner[Symbol.dispose](),
  };
}
