/**
 * What compiled modules import. Not for people: the closure compiler writes the calls, and `docs/how-it-works.md` shows
 * what they look like.
 */
import { describeClosure, registerFunction, type RegisteredFunction } from "./registry.ts";

/** Registers the functions of one compiled module. Runs on its first line, before anything else of it does. */
export function register(...entries: RegisteredFunction[]): void {
  for (const entry of entries) registerFunction(entry);
}

/** Marks a closure in place: which registered function it is, and how to read what it captures. Returns it unchanged. */
export function closure<F extends (...args: never[]) => unknown>(
  id: string,
  hash: string,
  where: string,
  captures: readonly string[],
  read: () => unknown[],
  fn: F,
): F {
  describeClosure(fn, { id, hash, where, captures, read });
  return fn;
}
