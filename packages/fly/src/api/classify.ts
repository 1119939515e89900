import {
  FlyAuthError,
  FlyCapacityError,
  FlyConflictError,
  FlyError,
  FlyNotFoundError,
  FlyQuotaError,
  FlyRateLimitedError,
  FlyRequestError,
  FlyTransientError,
  FlyWaitTimeoutError,
} from "./errors.ts";

/** What the API answered, when it was not what was asked for. */
export interface Refused {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it was JSON, else text. */
  readonly body: unknown;
}

/**
 * The error that an answer means. Fly documents few of its texts; those looked for here are from its own clients and from
 * what others noted down. A status that says enough is never overruled by a text that is not known.
 *
 * @param what The call, such as `create machine`.
 */
export function classify(what: string, { status, headers, body }: Refused): FlyError {
  const { text, code } = told(body);
  const message = `Fly could not ${what}: ${text === "" ? `it answered ${status}` : `${text} (${status})`}`;
  const details = { status, requestId: headers.get("fly-request-id") };
  if (status === 429) return new FlyRateLimitedError(message, { ...details, retryAfter: retryAfter(headers) });
  if (/over the allowed quota/.test(text)) return new FlyQuotaError(message, { ...details, elsewhere: true });
  if (/machine limit|more than 1 machine per app|payment method/.test(text))
    return new FlyQuotaError(message, { ...details, elsewhere: false });
  if (status === 401 || status === 403) return new FlyAuthError(`${message}. ${TOKEN_HINT}`, details);
  const scope = fullScope(text, code);
  if (scope !== null) return new FlyCapacityError(message, { ...details, scope });
  if (status === 404) return new FlyNotFoundError(message, details);
  if (status === 408 && text.startsWith("deadline_exceeded: machine failed to reach desired state"))
    return new FlyWaitTimeoutError(message, details);
  if (status === 409 || status === 412 || code === "name_taken") return conflict(message, text, code, details);
  if (status === 408 || status >= 500) return new FlyTransientError(message, details);
  return new FlyRequestError(message, details);
}

const TOKEN_HINT =
  "Give a token of this app: `fly tokens create deploy`, and then `fly secrets set FLY_API_TOKEN=…` or the option token";

function told(body: unknown): { text: string; code: string } {
  if (typeof body === "string") return { text: body.trim().slice(0, 300), code: "" };
  const { message, error, status } = (body ?? {}) as Record<string, unknown>;
  const text = [message, error].find((one) => typeof one === "string" && one !== "");
  return { text: typeof text === "string" ? text : "", code: typeof status === "string" ? status : "" };
}

function fullScope(text: string, code: string): "region" | "host" | "volume" | null {
  if (code === "volume_placement_capacity" || /existing volume id/.test(text)) return "volume";
  if (code === "insufficient_capacity" || /candidate host|out of capacity|^no capacity$/.test(text)) return "region";
  const full =
    /could not reserve resource|insufficient (resources|memory|CPUs|IPs)|no capacity|governor policy blocked/;
  return full.test(text) || /deploys to this host are temporarily disabled/.test(text) ? "host" : null;
}

function conflict(
  message: string,
  text: string,
  code: string,
  details: { status: number; requestId: string | null },
): FlyConflictError {
  if (code === "name_taken" || text.startsWith("already_exists")) {
    const machineId = /machine ID (\w+) already exists/.exec(text)?.[1] ?? null;
    return new FlyConflictError(message, { ...details, reason: "name", machineId });
  }
  if (/lease/.test(text)) return new FlyConflictError(message, { ...details, reason: "lease" });
  const reason = /concurrent update|version/.test(text) ? "version" : "state";
  return new FlyConflictError(message, { ...details, reason });
}

/** Seconds or a date, as HTTP has it. In ms; null when it is not there or nonsense. */
function retryAfter(headers: Headers): number | null {
  const value = headers.get("retry-after");
  if (value === null) return null;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}
