export { FlyApi, type FlyApiOptions } from "./api/client.ts";
export type { CallOptions } from "./api/caller.ts";
export * from "./api/errors.ts";
export type { ExecResult, GuardedOptions, ListMachinesOptions, Machines, WaitOptions } from "./api/machines.ts";
export type * from "./api/types.ts";
export { FLY_RATES } from "./governor/governor.ts";
export type { Rate } from "./governor/bucket.ts";
export { fly } from "./backend/fly.ts";
export type { FlyOptions } from "./backend/options.ts";
export { type Member, members, type MembersOptions } from "./routing/discovery.ts";
export { replayResponse, replayUpgrade } from "./routing/node.ts";
export {
  forceInstance,
  replay,
  replayAnswer,
  type ReplayAnswer,
  type ReplayCache,
  type ReplayTarget,
  type ReplayTransform,
} from "./routing/replay.ts";
export {
  type HeadersLike,
  type ReplayFailure,
  replayFailure,
  type ReplaySource,
  replaySource,
} from "./routing/replayed.ts";
