import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";
import { exitSaying } from "./last-words.ts";

/** How long a copy whose entry module failed has to go by itself, in ms, before it is made to. */
const FAILED_GRACE = 100;

/** Whether hooks see the entry module: Bun has none, and those of Deno do not see it. */
const SEES_ENTRY = process.versions["bun"] === undefined && process.versions["deno"] === undefined;

/**
 * The URL of the app's entry module, as soon as it starts to load. For modules that run before it (`--import`): loading
 * the entry from there would run it before the other ones of that kind, such as the compiler's own hooks.
 *
 * @param inUse Resolves when a module of the app has loaded flamelet, which is later, and all that Bun and Deno tell.
 */
export function entryToCome(inUse: Promise<void>): Promise<string | null> {
  if (!SEES_ENTRY) return inUse.then(entryAtWork);
  return new Promise((resolve) => {
    const hooks = nodeModule.registerHooks({
      resolve(specifier, context, next) {
        const found = next(specifier, context);
        // Only the entry is asked for by nobody.
        if (context.parentURL === undefined) {
          hooks.deregister();
          resolve(found.url);
        }
        return found;
      },
    });
  });
}

/** The URL of the app's entry module, for modules that it loads; null where there is none (`-e`, a REPL). */
export function entryAtWork(): string | null {
  const path = process.argv[1];
  if (path === undefined) return null;
  try {
    // Node finds `app.js` for `node app`, and an index in a directory; symbolic links are followed.
    return pathToFileURL(nodeModule.createRequire(path).resolve(path)).href;
  } catch {
    return null;
  }
}

/**
 * Deno has an event for it. Importing a module that awaits at its top gives it at once there, if it is the entry.
 */
const loadEvent: Promise<void> | null =
  process.versions["deno"] === undefined
    ? null
    : new Promise((resolve) => (globalThis as unknown as EventTarget).addEventListener("load", () => resolve()));

/**
 * Resolves when the entry module has been evaluated, its top-level awaits included. Never rejects: a process whose entry
 * fails says so itself and ends, and is made to end if the app's own handlers kept it.
 */
export async function entryLoaded(entry: string | null): Promise<void> {
  if (entry === null) return;
  if (loadEvent !== null) return await loadEvent;
  // By then the entry is in the module cache. Importing it again gives the same module, and waits for it.
  await new Promise((resolve) => setImmediate(resolve));
  try {
    await import(entry);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, FAILED_GRACE));
    exitSaying("the app's entry module failed, so this copy of it ends", 1);
  }
}
