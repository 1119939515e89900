import { parseRegionPreference } from "../../regions/preference.ts";
import { parseDuration } from "./duration.ts";
import { InvalidReplayError, type ReplayCacheOrder, type ReplayInstruction } from "./instruction.ts";

/** The fields that the header form and the JSON form share, as text, by their names on the wire. */
export type ReplayFields = ReadonlyMap<string, string>;

const KNOWN = new Set(["region", "instance", "prefer_instance", "app", "state", "elsewhere", "timeout", "fallback"]);
/** Fields that say where to; without one of them there is nowhere to replay to. */
const TARGETS = ["region", "instance", "prefer_instance", "app"];
/** RFC 9110 §5.5. */
export const HEADER_VALUE: RegExp = /^[\t\x20-\x7e\x80-\xff]*$/;
/** https://fly.io/docs/networking/dynamic-request-routing/#requirements-and-limitations */
const LEAST_TTL_S = 10;

/** Checks the shared fields, and makes an instruction of them. */
export function toInstruction(fields: ReplayFields): ReplayInstruction {
  for (const [name, value] of fields) {
    if (!KNOWN.has(name)) throw invalid(`unknown field ${JSON.stringify(name)}`);
    // Each of them may come back in a header; nothing in it may end that header.
    if (!HEADER_VALUE.test(value)) throw invalid(`${name} has characters that no header can carry`);
  }
  const elsewhere = readElsewhere(fields.get("elsewhere"));
  if (!elsewhere && !TARGETS.some((name) => fields.has(name))) {
    throw invalid(`needs one of ${TARGETS.join(", ")} or elsewhere=true`);
  }
  if (fields.has("instance") && fields.has("prefer_instance")) {
    throw invalid("instance and prefer_instance exclude each other");
  }
  const region = fields.get("region");
  const timeout = fields.get("timeout");
  return {
    elsewhere,
    ...(region === undefined ? {} : { region: readRegion(region) }),
    ...optional("instance", fields.get("instance")),
    ...optional("preferInstance", fields.get("prefer_instance")),
    ...optional("app", fields.get("app")),
    ...(fields.has("state") ? { state: fields.get("state") as string } : {}),
    ...(timeout === undefined ? {} : { timeout: readTimeout(timeout) }),
    ...readFallback(fields.get("fallback")),
  };
}

/** Checks an order to remember the replay against what may be remembered at all. */
export function cacheOrder(
  instruction: ReplayInstruction,
  pattern: string,
  ttl: string | number | undefined,
  allowBypass: boolean,
): ReplayCacheOrder {
  const seconds = typeof ttl === "string" && /^\d+$/.test(ttl.trim()) ? Number(ttl) : ttl;
  if (typeof seconds !== "number" || !(seconds >= LEAST_TTL_S)) {
    throw invalid(`a cached replay needs a ttl of at least ${LEAST_TTL_S} seconds`);
  }
  for (const name of ["state", "timeout", "fallback", "transform"] as const) {
    if (instruction[name] !== undefined) throw invalid(`a cached replay must not have ${name}`);
  }
  const prefix = pattern.trim().replace(/\/?\*?$/, "");
  if (prefix !== "" && !/^[^/\s?#:]*(\/[^\s?#]*)?$/.test(prefix)) {
    throw invalid(`${JSON.stringify(pattern)} is no path pattern: use "/some/path/*" or "host/some/path/*"`);
  }
  return { prefix, ttlMs: seconds * 1000, allowBypass };
}

export function invalid(what: string): InvalidReplayError {
  return new InvalidReplayError(`invalid fly-replay: ${what}`);
}

function readElsewhere(text: string | undefined): boolean {
  if (text === undefined || text === "false") return false;
  if (text === "true") return true;
  throw invalid(`elsewhere must be true or false, and is ${JSON.stringify(text)}`);
}

function readRegion(text: string): NonNullable<ReplayInstruction["region"]> {
  try {
    return parseRegionPreference(text);
  } catch (error) {
    throw invalid((error as RangeError).message);
  }
}

function readTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw invalid(`timeout must be a duration such as 10s or 800ms, and is ${JSON.stringify(text)}`);
  return ms;
}

function readFallback(text: string | undefined): Pick<ReplayInstruction, "fallback"> {
  if (text === undefined) return {};
  if (text === "force_self" || text === "prefer_self") return { fallback: text };
  throw invalid(`fallback must be force_self or prefer_self, and is ${JSON.stringify(text)}`);
}

function optional<K extends "instance" | "preferInstance" | "app">(
  name: K,
  value: string | undefined,
): { [P in K]?: string } {
  if (value === undefined) return {};
  if (value === "") throw invalid(`${name} is empty`);
  return { [name]: value } as { [P in K]?: string };
}
