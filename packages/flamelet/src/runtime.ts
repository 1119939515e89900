/**
 * What compiled modules import. Not for people: the closure compiler writes the calls, and `docs/how-it-works.md` shows
 * what they look like.
 */
import {
  addFunctionLoader,
  closureInfo,
  describeClosure,
  findFunction,
  registerFunction,
  type RegisteredFunction,
} from "./registry.ts";

/** Registers the functions of one compiled module. Runs on its first line, before anything else of it does. */
export function register(...entries: RegisteredFunction[]): void {
  for (const entry of entries) registerFunction(entry);
}

/**
 * Marks a closure in place: which registered function it is, and how to read what it captures. Returns it unchanged. A name
 * may turn out to be that of something else, or of a function with a name of its own; those are left alone.
 */
export function closure<F>(
  id: string,
  hash: string,
  where: string,
  captures: readonly string[],
  read: () => unknown[],
  make: RegisteredFunction["make"],
  fn: F,
): F {
  if (typeof fn !== "function" || closureInfo(fn)?.hash === "") return fn;
  // In a circle of imports a function may be called before the first line of its module has run.
  if (findFunction(id) === undefined) registerFunction({ id, hash, where, captures, make });
  describeClosure(fn, { id, hash, where, captures, read });
  return fn;
}

/**
 * Says which modules of a bundle register which functions, and how to load them. For bundles whose chunks do not show it:
 * those of webpack and Rspack.
 */
export function modules(rows: readonly (readonly [ids: readonly string[], load: () => Promise<unknown>])[]): void {
  const loads = new Map(rows.flatMap(([ids, load]) => ids.map((id) => [id, load] as const)));
  addFunctionLoader(async (id) => {
    await loads.get(id)?.();
    return findFunction(id) !== undefined;
  });
}
