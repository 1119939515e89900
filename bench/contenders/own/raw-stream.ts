import type { Streams } from "../streams.ts";
import { FrameReader } from "./frames.ts";
import { type Kind, startRunner } from "./runner-process.ts";
import { pump } from "./pump.ts";

/**
 * The fastest way to stream that Node's sockets have: frames of bytes, all of a tick in one write, much room in the socket,
 * and no promise for each chunk.
 */
export async function openRawStream(kind: Kind): Promise<Streams> {
  const { socket, child, ...runner } = await startRunner(new URL("./raw-stream-runner.ts", import.meta.url), kind);
  let expected = 0;
  let arrived = (): void => {};
  const reader = new FrameReader((frame) => {
    expected -= frame.length;
    if (expected <= 0) arrived();
  });
  socket.on("data", (bytes: Buffer) => reader.push(bytes));
  const order = Buffer.alloc(17);
  const transfer = async (kindOfOrder: number, bytes: number, chunk: number): Promise<void> => {
    order.writeUInt32BE(13);
    order.writeUInt8(kindOfOrder, 4);
    order.writeDoubleBE(bytes, 5);
    order.writeUInt32BE(chunk, 13);
    const done = new Promise<void>((resolve) => (arrived = resolve));
    // An upload is answered by one byte.
    expected = kindOfOrder === 0 ? 1 : bytes;
    socket.write(Buffer.from(order));
    if (kindOfOrder === 0) await pump(socket, bytes, chunk);
    await done;
  };
  return {
    runnerPid: child.pid ?? 0,
    up: (bytes, chunk) => transfer(0, bytes, chunk),
    down: (bytes, chunk) => transfer(1, bytes, chunk),
    [Symbol.asyncDispose]: async () => runner[Symbol.dispose](),
  };
}
