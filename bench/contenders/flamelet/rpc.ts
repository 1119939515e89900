import { flame } from "flamelet";
import type { Rpc } from "../rpc.ts";
import { echo, noop, sleep } from "./app.ts";
import { openPool, type SessionKind } from "./pool.ts";

/** flamelet's calls, on one runner. @param slots How many run there at once. */
export async function openFlamelet(kind: SessionKind, slots = 256): Promise<Rpc> {
  const pool = openPool(kind, { maxConcurrency: slots });
  await flame.call(pool, noop);
  return {
    noop: () => flame.call(pool, noop),
    echo: (value) => flame.call(pool, echo, value),
    sleep: (ms) => flame.call(pool, sleep, ms),
    // A runner that is killed writes no profile.
    [Symbol.asyncDispose]: () => pool.drain(),
  };
}
