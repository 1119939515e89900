import type { Streams } from "../streams.ts";
import { openFlame } from "./flame.ts";

/** What `File.stream!` does between nodes: whoever reads asks for each chunk. */
export async function openFlameStreams(): Promise<Streams> {
  const flame = await openFlame(1);
  const [parentPid = 0, runnerPid = 0] = await flame.ask("pids");
  return {
    parentPid,
    runnerPid,
    up: async (bytes, chunk) => void (await flame.ask("up", bytes, chunk)),
    down: async (bytes, chunk) => void (await flame.ask("down", bytes, chunk)),
    [Symbol.asyncDispose]: () => flame[Symbol.asyncDispose](),
  };
}
