import * as fs from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

// Not those of `node:fs/promises`, which takes longer to load than all that is done here.
const readdir = promisify(fs.readdir);
const stat = promisify(fs.stat);
const rm = promisify(fs.rm);

/** What every parent's socket directory begins with, and what the socket in it is called. */
export const DIRECTORY_PREFIX = "flamelet-parent-";
export const SOCKET_NAME = "parent.sock";

/**
 * A directory that changed less than this long ago, in ms, is left alone: its parent may be about to listen, and until it
 * does its socket refuses everybody, as that of a dead one would.
 */
const SETTLED = 60_000;

/**
 * Removes what parents that were killed could not: socket directories in `base` behind which nobody listens any more. It
 * asks the socket, not for the parent's pid, which says nothing across containers that share the folder. Never rejects.
 */
export async function removeStaleSockets(base: string): Promise<void> {
  const names = await readdir(base).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(DIRECTORY_PREFIX)) continue;
    const directory = join(base, name);
    const changed = await stat(directory).catch(() => null);
    if (changed === null || Date.now() - changed.mtimeMs < SETTLED) continue;
    if (await isDeserted(join(directory, SOCKET_NAME)))
      await rm(directory, { recursive: true, force: true }).catch(() => {});
  }
}

/** Whether nobody listens at this socket, or it was never made. */
function isDeserted(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.unref();
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "ECONNREFUSED" || code === "ENOENT"));
  });
}
