import * as nodeModule from "node:module";

/** Node has these since 22; Bun and Deno do not. */
const { enableCompileCache, flushCompileCache } = nodeModule as Partial<typeof nodeModule>;

/**
 * Has Node keep the code that it compiled, where it keeps it for everybody (`NODE_COMPILE_CACHE`, or its folder in that for
 * temporary files): runners are started again and again from the same files. `NODE_DISABLE_COMPILE_CACHE=1` turns it off.
 *
 * @param loaded When the app is loaded: it is written down then, since a runner may be killed at any time.
 */
export function keepCompiled(loaded: Promise<void>): void {
  if (enableCompileCache === undefined) return;
  enableCompileCache();
  void loaded.then(() => flushCompileCache?.());
}
