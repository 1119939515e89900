import type { RegionPreference } from "../../regions/preference.ts";

/** How the replayed request differs from the original. */
export interface ReplayTransform {
  /** The new path, with its query. */
  readonly path?: string;
  /** Names, in lower case, of headers that the target does not see. */
  readonly deleteHeaders: readonly string[];
  /** Headers that replace those of the same name. */
  readonly setHeaders: readonly { readonly name: string; readonly value: string }[];
}

/** What of a replay is to be remembered, or forgotten. */
export type ReplayCacheOrder =
  | {
      /** `/path`, or `host/path`; without the wildcard at its end. */
      readonly prefix: string;
      readonly ttlMs: number;
      /** Whether a client may go round the cache by `fly-replay-cache-control: skip`. */
      readonly allowBypass: boolean;
    }
  | "invalidate";

/** Where a machine asked the proxy to send the request instead of answering it. */
export interface ReplayInstruction {
  readonly region?: RegionPreference;
  /** Exactly this machine. */
  readonly instance?: string;
  /** This machine if it can be had. */
  readonly preferInstance?: string;
  readonly app?: string;
  /** Comes back to the target in `fly-replay-src`. */
  readonly state?: string;
  /** Not the machine that asks. */
  readonly elsewhere: boolean;
  /** Milliseconds for reaching the target. */
  readonly timeout?: number;
  /** Who gets the original request back when the target cannot be reached. */
  readonly fallback?: "force_self" | "prefer_self";
  readonly transform?: ReplayTransform;
  readonly cache?: ReplayCacheOrder;
}

/** An answer that asks for a replay in a way that Fly does not understand: the proxy logs PA03 and gives a 502. */
export class InvalidReplayError extends Error {
  override readonly name = "InvalidReplayError";
}
