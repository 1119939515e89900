import type { Backend } from "./backend.ts";
import { processBackend } from "./process.ts";

/**
 * The backend that fits where the app runs. Here that is processes of this host, on Fly too: a backend that provisions
 * machines comes in a package of its own, and is named in the pool's options.
 */
export function autoBackend(): Backend {
  return processBackend();
}
