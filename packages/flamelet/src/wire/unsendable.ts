import { type Outcome, SerializationError } from "../errors.ts";

/** One step into a value: a property name, an index, or an entry of a Map or Set as code would reach it. */
export type Segment = string | number | { readonly entry: string };

/** Writes a path as code: `db.pool.socket`, `[0].url`, `users.get("ann").socket`, `["content-type"]`. */
export function formatPath(segments: readonly Segment[]): string {
  // Made here, since to read its Unicode classes takes half a millisecond, and few runners ever come by.
  const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
  let path = "";
  for (const segment of segments) {
    if (typeof segment === "number") path += `[${segment}]`;
    else if (typeof segment === "object") path += `.${segment.entry}`;
    else path += identifier.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
  }
  return path.startsWith(".") ? path.slice(1) : path;
}

/** Part of a value cannot cross. Raised by `encode`, which knows where it is but not what the value is for. */
export class Unsendable extends SerializationError {
  /** The way from the value to the part. */
  readonly segments: readonly Segment[];
  /** What was found there, such as the name of its class. */
  readonly found: string;
  /** Why it cannot cross and what to do instead, as the rest of a sentence. */
  readonly why: string;

  constructor(segments: readonly Segment[], found: string, why: string, cause?: unknown) {
    const path = formatPath(segments);
    super(
      `cannot send ${path === "" ? found : `${path} (${found})`}: ${why}`,
      path,
      cause === undefined ? {} : { cause },
    );
    this.segments = segments;
    this.found = found;
    this.why = why;
  }

  /** The same, seen from elsewhere: without the first `skip` segments, and with others in their place. */
  rebase(skip: number, ...prefix: readonly Segment[]): Unsendable {
    return new Unsendable([...prefix, ...this.segments.slice(skip)], this.found, this.why, this.cause);
  }
}

/**
 * Says it to people: `cannot send captured variable "db" (db.pool.socket: Socket) from src/thumbs.ts:42: …`.
 *
 * @param what What was being sent, such as `captured variable "db"` or `the result`.
 * @param where Where that stands in the source, when it is known.
 * @param outcome Whether the function has run by then. Default: it has not.
 */
export function toSerializationError(
  unsendable: Unsendable,
  what: string,
  where?: string,
  outcome: Outcome = "not-started",
): SerializationError {
  const { path, found, why, cause } = unsendable;
  const from = where === undefined || where === "" ? "" : ` from ${where}`;
  const message = `cannot send ${what} (${path === "" ? "" : `${path}: `}${found})${from}: ${why}`;
  return new SerializationError(message, path, cause === undefined ? { outcome } : { outcome, cause });
}

/** What a value is, for people: the name of its class, or its type. Never throws. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object" && typeof value !== "function") return typeof value;
  try {
    if (typeof value === "function") {
      const kind = /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
      return typeof value.name === "string" && value.name !== "" ? `${kind} ${value.name}` : kind;
    }
    const name: unknown = value.constructor?.name;
    if (typeof name === "string" && name !== "") return name;
    return Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    return "object";
  }
}

/** The message of whatever was thrown. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return "something that cannot be shown";
  }
}
