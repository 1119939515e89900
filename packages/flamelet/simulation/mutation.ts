import type { Backend } from "../src/backends/backend.ts";
import type { PoolCore } from "../src/pool/pool.ts";
import type { RunnerListener } from "../src/runner/runner-control.ts";
import type { WatchdogLink } from "../src/runner/watchdog-link.ts";
import type { Worker } from "../src/runner/work.ts";
import type { World } from "./world.ts";

/** A way to break flamelet on purpose, to see that a history notices. Only tests make these. */
export interface Mutation {
  readonly name: string;
  /** Changes classes as a whole; returns what changes them back. */
  readonly install?: () => () => void;
  /** Stands between the pool and its users. */
  readonly pool?: (core: PoolCore<Worker>) => void;
  /** Stands between the pool and one of its runners, in either direction. */
  readonly worker?: (worker: Worker, world: World) => void;
  readonly listener?: (listener: RunnerListener, world: World) => RunnerListener;
  readonly backend?: (backend: Backend, world: World) => Backend;
  readonly watchdogLink?: (world: World) => WatchdogLink;
  /** Changes what goes over the wire. */
  readonly tamper?: (bytes: Uint8Array) => Uint8Array;
  /** Whether runners hold a lease. */
  readonly leased?: boolean;
}
