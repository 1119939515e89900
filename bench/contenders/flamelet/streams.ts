import { flame } from "flamelet";
import { chunks, count, type Streams } from "../streams.ts";
import { pid, sink, source } from "./app.ts";
import { openPool, type SessionKind } from "./pool.ts";

/** A stream as an argument, and `flame.stream`. */
export async function openFlameletStreams(kind: SessionKind): Promise<Streams> {
  const pool = openPool(kind, { timeout: Infinity });
  return {
    runnerPid: await flame.call(pool, pid),
    up: async (bytes, chunk) => {
      const arrived = await flame.call(pool, sink, chunks(bytes, chunk));
      if (arrived !== bytes) throw new Error(`${arrived} of ${bytes} bytes arrived`);
    },
    down: async (bytes, chunk) => {
      const arrived = await count(flame.stream(pool, source, bytes, chunk));
      if (arrived !== bytes) throw new Error(`${arrived} of ${bytes} bytes arrived`);
    },
    // A runner that is killed writes no profile.
    [Symbol.asyncDispose]: () => pool.drain(),
  };
}
