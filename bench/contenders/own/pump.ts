import { once } from "node:events";
import type { Socket } from "node:net";
import { FrameWriter } from "./frames.ts";

/** How much may wait in a socket, in bytes. */
const ROOM = 1024 * 1024;
/** Frames of this size and more are not copied. */
const PACK_BELOW = 16 * 1024;

/** Writes that many bytes in frames of that size, as fast as the socket takes them. */
export async function pump(socket: Socket, bytes: number, size: number): Promise<void> {
  const writer = new FrameWriter(socket, PACK_BELOW);
  const chunk = Buffer.alloc(size, 1);
  for (let sent = 0; sent < bytes;) {
    for (; sent < bytes && writer.queued < ROOM; sent += size) writer.send(chunk);
    await new Promise((resolve) => setImmediate(resolve));
    if (socket.writableLength > ROOM) await once(socket, "drain");
  }
}
