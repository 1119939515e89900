/**
 * Every way in which a call of the Machines API can fail. What to do differs: ask elsewhere, wait, look again, tell the user.
 */

/** What went wrong, where it is known. */
export interface FlyErrorDetails {
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** Fly's own id of the request (header `fly-request-id`), for its support. */
  readonly requestId: string | null;
  readonly cause?: unknown;
}

/** The base of all errors of this client. */
export class FlyError extends Error {
  override readonly name: string = "FlyError";
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** Fly's own id of the request, for its support. */
  readonly requestId: string | null;

  constructor(message: string, details: FlyErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status;
    this.requestId = details.requestId;
  }
}

/** The token is missing, wrong, expired, or for another app. */
export class FlyAuthError extends FlyError {
  override readonly name = "FlyAuthError";
}

/** There is no such app, machine or volume; or there was one. */
export class FlyNotFoundError extends FlyError {
  override readonly name = "FlyNotFoundError";
}

/** The request itself cannot be, such as an image that does not exist. */
export class FlyRequestError extends FlyError {
  override readonly name = "FlyRequestError";
}

/** A limit of the organisation: how many machines, or how much memory in a region. */
export class FlyQuotaError extends FlyError {
  override readonly name = "FlyQuotaError";
  /** Whether another region has a limit of its own. */
  readonly elsewhere: boolean;

  constructor(message: string, details: FlyErrorDetails & { readonly elsewhere: boolean }) {
    super(message, details);
    this.elsewhere = details.elsewhere;
  }
}

/** What is full, since the cure differs: another region, another machine on another host, another volume. */
export type CapacityScope = "region" | "host" | "volume";

/** Fly has no room. */
export class FlyCapacityError extends FlyError {
  override readonly name = "FlyCapacityError";
  readonly scope: CapacityScope;

  constructor(message: string, details: FlyErrorDetails & { readonly scope: CapacityScope }) {
    super(message, details);
    this.scope = details.scope;
  }
}

/**
 * `"name"`: a machine or app of that name exists. `"lease"`: somebody holds the machine's lease. `"version"`: the machine was
 * changed meanwhile. `"state"`: the machine is not in a state for it, or not yet.
 */
export type ConflictReason = "name" | "lease" | "version" | "state";

/** It collides with what is there. */
export class FlyConflictError extends FlyError {
  override readonly name = "FlyConflictError";
  readonly reason: ConflictReason;
  /** The machine that has the name already, where Fly tells. */
  readonly machineId: string | null;

  constructor(
    message: string,
    details: FlyErrorDetails & { readonly reason: ConflictReason; readonly machineId?: string | null },
  ) {
    super(message, details);
    this.reason = details.reason;
    this.machineId = details.machineId ?? null;
  }
}

/** Too many calls. It was not carried out. */
export class FlyRateLimitedError extends FlyError {
  override readonly name = "FlyRateLimitedError";
  /** How long Fly asks to wait, in ms; null when it does not say. */
  readonly retryAfter: number | null;

  constructor(message: string, details: FlyErrorDetails & { readonly retryAfter: number | null }) {
    super(message, details);
    this.retryAfter = details.retryAfter;
  }
}

/** No answer, or one that says that Fly is in trouble. */
export class FlyTransientError extends FlyError {
  override readonly name = "FlyTransientError";
  /** Whether the call may have been carried out nevertheless. */
  readonly outcome: "not-started" | "unknown";

  constructor(message: string, details: FlyErrorDetails & { readonly outcome?: "not-started" | "unknown" }) {
    super(message, details);
    this.outcome = details.outcome ?? "unknown";
  }
}

/** A wait ended before the machine was in the state; it may still get there. */
export class FlyWaitTimeoutError extends FlyError {
  override readonly name = "FlyWaitTimeoutError";
}
