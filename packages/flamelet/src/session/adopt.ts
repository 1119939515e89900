import { Socket, type SocketConstructorOpts } from "node:net";
import type { ReadMemory } from "./read-memory.ts";

/** What of a socket's insides this needs: the handle, which is what reads and writes. */
interface Insides {
  _handle: { useUserBuffer?: unknown } | null;
}

/**
 * Gives a socket that a server has just accepted memory to read into, as one that connects is given with `onread`. Node
 * documents that for the latter alone, but its `Socket` can be made from a handle, which is how one socket is handed from
 * process to process: so the handle of the accepted socket becomes that of another one, which has the memory. Without it
 * each read takes fresh memory, and receiving a megabyte in chunks of 64 KiB costs twice the CPU time.
 *
 * Gives null, having changed nothing, where a runtime has no such handle (Bun), or makes no socket of one. The server must
 * pause what it accepts, or bytes could have been read before. The other socket is none of the server's: that one takes its
 * own for closed.
 */
export function adopt(accepted: Socket, memory: ReadMemory): Socket | null {
  const { _handle: handle } = accepted as unknown as Insides;
  if (typeof handle?.useUserBuffer !== "function") return null;
  const { allowHalfOpen } = accepted;
  const options: object = { handle, allowHalfOpen, pauseOnCreate: true, onread: memory };
  const socket = new Socket(options as SocketConstructorOpts);
  if ((socket as unknown as Insides)._handle !== handle) return null;
  (accepted as unknown as Insides)._handle = null;
  accepted.destroy();
  return socket;
}
