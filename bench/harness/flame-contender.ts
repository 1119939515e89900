import type { Flame } from "../contenders/peers/flame.ts";
import type { Contender, Metrics, Size } from "./case.ts";

/** The name under which tables show Elixir's FLAME. */
export const FLAME = "FLAME (Elixir)";

/** Elixir's FLAME with a runner that is up. @param slots How many calls run there at once. */
export function flameContender(measure: (flame: Flame, size: Size) => Promise<Metrics>, slots = 256): Contender {
  return {
    role: "peer",
    measure: async (size) => {
      const { openFlame } = await import("../contenders/peers/flame.ts");
      await using flame = await openFlame(slots);
      await flame.ask("pids");
      return await measure(flame, size);
    },
  };
}
