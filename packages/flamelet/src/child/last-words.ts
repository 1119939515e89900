import { writeSync } from "node:fs";

/** Ends this process, and says why in one line, if its output still takes one. */
export function exitSaying(why: string, code: number): never {
  try {
    writeSync(2, `flamelet: ${why}\n`);
  } catch {
    // The pipe is full or closed: nobody reads it, and the exit code has to do.
  }
  process.exit(code);
}
