/** Headers of a request, as web-standard requests or Node's http have them. */
export type HeadersLike = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** Where a replayed request came from. */
export interface ReplaySource {
  /** The machine that had it replayed. */
  readonly instance: string;
  readonly region: string;
  /** What that machine gave it. */
  readonly state: string | undefined;
  /** When it did. */
  readonly at: Date | undefined;
}

/** Why a request came back to the machine that wanted it replayed. */
export interface ReplayFailure {
  readonly reason: "timeout" | "retries_exhausted" | "no_candidate" | (string & {});
  /** The target that could not be reached. */
  readonly instance: string | undefined;
  readonly app: string | undefined;
  readonly region: string | undefined;
  readonly elapsedMs: number | undefined;
}

/** Where this request was replayed from; null when it came directly. A request from the replay cache has no source. */
export function replaySource(headers: HeadersLike): ReplaySource | null {
  const fields = fieldsOf(headers, "fly-replay-src");
  if (fields === null) return null;
  const micros = Number(fields.get("t"));
  return {
    instance: fields.get("instance") ?? "",
    region: fields.get("region") ?? "",
    state: fields.get("state"),
    at: fields.has("t") && Number.isFinite(micros) ? new Date(micros / 1000) : undefined,
  };
}

/**
 * Why the replay of this request failed; null when it did not, or when there was none. Fly does not replay it again, so it
 * must be answered here.
 */
export function replayFailure(headers: HeadersLike): ReplayFailure | null {
  const fields = fieldsOf(headers, "fly-replay-failed");
  if (fields === null) return null;
  const elapsed = Number(fields.get("elapsed_ms") ?? NaN);
  return {
    reason: fields.get("reason") ?? "",
    instance: fields.get("instance"),
    app: fields.get("app"),
    region: fields.get("region"),
    elapsedMs: Number.isNaN(elapsed) ? undefined : elapsed,
  };
}

/** `k=v;k=v`. Fly's documentation has commas in one place. A value may have `=` in it, and the last one all else. */
function fieldsOf(headers: HeadersLike, name: string): Map<string, string> | null {
  const found = headers instanceof Headers ? headers.get(name) : [headers[name] ?? []].flat()[0];
  if (found === null || found === undefined) return null;
  const parts = found.split(found.includes(";") ? ";" : ",");
  const fields = new Map<string, string>();
  for (const part of parts) {
    const at = part.indexOf("=");
    if (at > 0) fields.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  return fields;
}
