import { bootRunner } from "./child/boot.ts";
import { serveParent } from "./child/main.ts";

import { registerReport } from "./doctor/report.ts";
import { findFunction } from "./registry.ts";

export type {
  Backend,
  Machine,
  MachineListing,
  MachineSpec,
  Network,
  StandbyKey,
  StandbyMachine,
  StandbyMachines,
} from "./backends/backend.ts";
export type { RunnerParent } from "./child/parent-env.ts";
export type { CallContext } from "./child/context.ts";
export * from "./errors.ts";
export { flame, type Flame } from "./flame.ts";
export type { CallOptions, MapOptions, PoolOptions, StandbyOptions } from "./options.ts";
export { Pool } from "./pool-handle.ts";
export type { PoolEvents } from "./pool/pool-events.ts";
export type { PoolStats } from "./pool/state.ts";
export type { Callback, Closure, NamedFunction, Ref, Remote } from "./types.ts";

registerReport(findFunction);

// In a runner, importing flamelet is what connects it to its parent; elsewhere this does nothing.
bootRunner();
void serveParent();
