/** What the target of a replay is told, in `fly-replay-src`. */
export interface ReplaySource {
  /** The machine that asked for the replay. */
  readonly instance: string;
  /** The region that it was asked in. */
  readonly region: string;
  /** Microseconds since 1970. */
  readonly t: number;
  readonly state?: string;
}

/** Why a replay failed, as `fly-replay-failed` says it. */
export type ReplayFailureReason = "timeout" | "retries_exhausted" | "no_candidate";

/** What the machine that asked for a replay is told when it gets the request back, in `fly-replay-failed`. */
export interface ReplayFailure {
  /** What the replay was aimed at, as far as the instruction said it. */
  readonly instance?: string | undefined;
  readonly app: string;
  readonly region?: string | undefined;
  /** The machine that asked for the replay. */
  readonly replay_source: string;
  readonly reason: ReplayFailureReason;
  readonly elapsed_ms: number;
}

/** The value of `fly-replay-src`. Fields are apart by `;`, as superfly/fly-ruby reads them. */
export function formatReplaySource(source: ReplaySource): string {
  return join([
    ["instance", source.instance],
    ["region", source.region],
    ["t", source.t],
    ["state", source.state],
  ]);
}

/** The value of `fly-replay-failed`. */
export function formatReplayFailure(failure: ReplayFailure): string {
  return join([
    ["instance", failure.instance],
    ["app", failure.app],
    ["region", failure.region],
    ["replay_source", failure.replay_source],
    ["reason", failure.reason],
    ["elapsed_ms", failure.elapsed_ms],
  ]);
}

function join(fields: readonly (readonly [string, string | number | undefined])[]): string {
  return fields
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(";");
}
