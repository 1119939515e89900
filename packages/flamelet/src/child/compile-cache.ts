import { lstatSync, mkdirSync } from "node:fs";
import * as nodeModule from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** When what was compiled is written down, in ms after the app was loaded: by then its first work has been, which compiles more. */
const SETTLED = 1_000;

/** Whether this runtime has such a cache. Bun and Deno have names of Node's that do nothing. */
const HAS_CACHE = process.versions["bun"] === undefined && process.versions["deno"] === undefined;

/**
 * Has Node keep the code that it compiles, for the next runner that starts from the same files: in a folder for temporary files
 * that only this user may enter, since who can write there decides what runs here. Node looks there for the very source that it
 * is about to compile, so runners of several builds may share it.
 *
 * A cache that Node was given (`NODE_COMPILE_CACHE`) stays as it is. `NODE_DISABLE_COMPILE_CACHE=1` turns both off.
 *
 * @param loaded When the app is loaded.
 */
export function keepCompiled(loaded: Promise<void>): void {
  // Coverage of code from a cache would not be exact.
  const { NODE_DISABLE_COMPILE_CACHE: disabled, NODE_V8_COVERAGE: coverage } = process.env;
  if (!HAS_CACHE || disabled || coverage) return;
  if (nodeModule.getCompileCacheDir() === undefined) {
    const folder = ownFolder();
    if (folder === null) return;
    nodeModule.enableCompileCache(folder);
  }
  // Node itself writes it when a process ends, but not when it is killed, as runners may be at any time.
  void loaded.then(() => setTimeout(nodeModule.flushCompileCache, SETTLED).unref());
}

/** The folder, or null where somebody else has made one of its name. */
function ownFolder(): string | null {
  const user = process.geteuid?.();
  const folder = join(tmpdir(), `flamelet-compiled-${user ?? "user"}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch {
    // As a rule it is there already. Where it cannot be, it is missed below.
  }
  try {
    const made = lstatSync(folder);
    // Where users have no numbers, each has a folder for temporary files of their own.
    const isOwn = user === undefined || (made.uid === user && (made.mode & 0o077) === 0);
    return made.isDirectory() && isOwn ? folder : null;
  } catch {
    return null;
  }
}
