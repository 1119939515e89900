import { cacheOrder, HEADER_VALUE, invalid, toInstruction } from "./fields.ts";
import type { ReplayInstruction, ReplayTransform } from "./instruction.ts";

/** The content type of an answer whose body is a replay. */
export const REPLAY_JSON = "application/vnd.fly.replay+json";

const BESIDE_FIELDS = new Set(["transform", "cache", "allow_bypass"]);
/** RFC 9110 §5.6.2. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;

/**
 * Reads the body of an answer of type `application/vnd.fly.replay+json`.
 * https://fly.io/docs/networking/dynamic-request-routing/#replay-json-format
 *
 * @throws {InvalidReplayError} for what Fly Proxy logs as PA03.
 */
export function parseJsonForm(body: string): ReplayInstruction {
  const object = parseObject(body);
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(object)) {
    if (BESIDE_FIELDS.has(name) || value === null) continue;
    if (typeof value !== "string" && !(name === "elsewhere" && typeof value === "boolean")) {
      throw invalid(`${name} must be ${name === "elsewhere" ? "true or false" : "a text"}`);
    }
    fields.set(name, String(value));
  }
  const base = toInstruction(fields);
  const { transform, cache } = object;
  const moved = transform == null ? base : { ...base, transform: readTransform(asRecord("transform", transform)) };
  return cache == null
    ? moved
    : { ...moved, cache: readCache(moved, asRecord("cache", cache), object["allow_bypass"]) };
}

function parseObject(body: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw invalid("the body is not JSON");
  }
  return asRecord("the body", value);
}

function readTransform(object: Record<string, unknown>): ReplayTransform {
  const { path, delete_headers: drop = [], set_headers: set = [] } = object;
  if (path !== undefined && !(typeof path === "string" && /^\/[\x21-\x7e]*$/.test(path))) {
    throw invalid("transform.path must be a path that begins with /");
  }
  if (!Array.isArray(drop) || !drop.every((name) => typeof name === "string")) {
    throw invalid("transform.delete_headers must be a list of names");
  }
  if (!Array.isArray(set)) throw invalid("transform.set_headers must be a list of { name, value }");
  return {
    ...(typeof path === "string" ? { path } : {}),
    deleteHeaders: drop.map((name: string) => name.toLowerCase()),
    setHeaders: set.map(readHeader),
  };
}

function readHeader(entry: unknown): { name: string; value: string } {
  const { name, value } = asRecord("each of transform.set_headers", entry);
  if (typeof name !== "string" || !HEADER_NAME.test(name) || typeof value !== "string" || !HEADER_VALUE.test(value)) {
    throw invalid(`transform.set_headers cannot set ${JSON.stringify(name)}`);
  }
  return { name: name.toLowerCase(), value };
}

function readCache(
  instruction: ReplayInstruction,
  object: Record<string, unknown>,
  outerBypass: unknown,
): NonNullable<ReplayInstruction["cache"]> {
  const { prefix, ttl, invalidate, allow_bypass: bypass = outerBypass } = object;
  if (invalidate === true) return "invalidate";
  if (typeof prefix !== "string") throw invalid("cache.prefix must be a path pattern");
  if (typeof ttl !== "number") throw invalid("cache.ttl must be a number of seconds");
  return cacheOrder(instruction, prefix, ttl, bypass === true);
}

function asRecord(what: string, value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${what} must be an object`);
  return value as Record<string, unknown>;
}
