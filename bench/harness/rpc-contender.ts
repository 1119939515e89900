import type { Rpc } from "../contenders/rpc.ts";
import type { Contender, Metrics, Role, Size } from "./case.ts";

/** A contender that makes calls: opened, measured, closed. */
export function rpcContender(
  role: Role,
  open: () => Promise<Rpc>,
  measure: (rpc: Rpc, size: Size) => Promise<Metrics>,
): Contender {
  return {
    role,
    measure: async (size) => {
      await using rpc = await open();
      // Not everybody has its runner up when it is opened.
      await rpc.noop();
      return await measure(rpc, size);
    },
  };
}

/** Several of them that are measured in the same way. */
export function rpcContenders(
  role: Role,
  opens: Readonly<Record<string, () => Promise<Rpc>>>,
  measure: (rpc: Rpc, size: Size) => Promise<Metrics>,
): Record<string, Contender> {
  const entries = Object.entries(opens).map(([name, open]) => [name, rpcContender(role, open, measure)] as const);
  return Object.fromEntries(entries);
}
