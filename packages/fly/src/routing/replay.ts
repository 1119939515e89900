import { OptionError } from "flamelet";

/**
 * Where Fly Proxy is to take a request instead. It sends the request again, as it came (up to 1 MB of body), and the client
 * sees only the answer of the target. https://fly.io/docs/networking/dynamic-request-routing/
 */
export interface ReplayTarget {
  /** Exactly this machine. */
  readonly instance?: string;
  /** This machine if it can be reached, else another that fits; which then gets `fly-preferred-instance-unavailable`. */
  readonly preferInstance?: string;
  /** A region's code, or several in their order, or an alias such as `eu` or `any`. */
  readonly region?: string | readonly string[];
  /** Another app, of the same organisation and network. */
  readonly app?: string;
  /** Any machine but this one. */
  readonly elsewhere?: true;
  /** Given to the target; see `replaySource`. */
  readonly state?: string;
  /** How long to try to reach the target, in ms. */
  readonly timeout?: number;
  /**
   * What becomes of a request whose target cannot be reached: it comes back here, with `fly-replay-failed`, always or if this
   * machine can take it. Such a request must not be replayed again.
   */
  readonly fallback?: "force_self" | "prefer_self";
  /** Changes to the request on its way. */
  readonly transform?: ReplayTransform;
  /**
   * Lets the proxy do the same with later requests, without asking; or, from a machine that got a request that way,
   * `"invalidate"`: it forgets that. Not with state, transform, timeout or fallback.
   */
  readonly cache?: ReplayCache | "invalidate";
}

export interface ReplayTransform {
  readonly path?: string;
  readonly deleteHeaders?: readonly string[];
  readonly setHeaders?: Readonly<Record<string, string>>;
}

export interface ReplayCache {
  /** Which requests: a path that ends with `/*`, with or without a host before it. */
  readonly prefix: string;
  /** For how long, in seconds: 10 at least. */
  readonly ttl: number;
  /** Whether a client may go round it, with `fly-replay-cache-control: skip`. Default false. */
  readonly allowBypass?: boolean;
}

/** What an answer that replays consists of. */
export interface ReplayAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The proxy throws it away. Whoever sees it has no Fly Proxy before him, and is to notice. */
const STATUS = 409;
const NO_PROXY = "this request was to be replayed by Fly Proxy, and there is none here\n";
const TYPE = "application/vnd.fly.replay+json";
const SHORTEST_TTL = 10;

/** Headers for a request that only this machine is to get. */
export function forceInstance(id: string): Record<string, string> {
  return { "fly-force-instance-id": word("forceInstance", id) };
}

/**
 * Answers a request by having Fly Proxy replay it: return it from a handler of web-standard requests. Do the same with a
 * request for a WebSocket, **before** it is upgraded: the target upgrades it. Throws an `OptionError` when the target cannot be.
 */
export function replay(target: ReplayTarget): Response {
  const { status, headers, body } = replayAnswer(target);
  return new Response(body, { status, headers });
}

/** As `replay`, for servers that have a response of their own. */
export function replayAnswer(target: ReplayTarget): ReplayAnswer {
  check(target);
  // Only the JSON form has transforms.
  if (target.transform !== undefined) {
    return { status: STATUS, headers: { "content-type": TYPE }, body: JSON.stringify(jsonForm(target)) };
  }
  return { status: STATUS, headers: headerForm(target), body: NO_PROXY };
}

function headerForm(target: ReplayTarget): Record<string, string> {
  const { cache, region } = target;
  const regions = region === undefined ? undefined : [region].flat().join(",");
  const fields = {
    instance: target.instance,
    prefer_instance: target.preferInstance,
    region: regions?.includes(",") === true ? `"${regions}"` : regions,
    app: target.app,
    elsewhere: target.elsewhere === true ? "true" : undefined,
    timeout: target.timeout === undefined ? undefined : `${target.timeout}ms`,
    fallback: target.fallback,
    state: target.state,
  };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return {
    "fly-replay": given.map(([name, value]) => `${name}=${value}`).join(";"),
    ...cacheHeaders(cache),
  };
}

function cacheHeaders(cache: ReplayTarget["cache"]): Record<string, string> {
  if (cache === undefined) return {};
  if (cache === "invalidate") return { "fly-replay-cache": "invalidate" };
  return {
    "fly-replay-cache": cache.prefix,
    "fly-replay-cache-ttl-secs": String(cache.ttl),
    ...(cache.allowBypass === true ? { "fly-replay-cache-allow-bypass": "yes" } : {}),
  };
}

function jsonForm({ region, preferInstance, timeout, transform, ...rest }: ReplayTarget): object {
  const { path, deleteHeaders, setHeaders } = transform ?? {};
  return {
    ...rest,
    ...(region === undefined ? {} : { region: [region].flat().join(",") }),
    ...(preferInstance === undefined ? {} : { prefer_instance: preferInstance }),
    ...(timeout === undefined ? {} : { timeout: `${timeout}ms` }),
    transform: {
      ...(path === undefined ? {} : { path }),
      ...(deleteHeaders === undefined ? {} : { delete_headers: deleteHeaders }),
      ...(setHeaders === undefined
        ? {}
        : { set_headers: Object.entries(setHeaders).map(([name, value]) => ({ name, value })) }),
    },
  };
}

function check(target: ReplayTarget): void {
  const { instance, preferInstance, region, app, elsewhere, state, timeout, fallback, transform, cache } = target;
  if ([instance, preferInstance, region, app, elsewhere].every((one) => one === undefined))
    throw new OptionError("a replay needs a target: instance, preferInstance, region, app or elsewhere");
  for (const [name, value] of Object.entries({ instance, preferInstance, app }))
    if (value !== undefined) word(name, value);
  for (const one of [region ?? []].flat()) word("region", one);
  // What separates fields in the header would make others of it.
  if (state !== undefined && !/^[\x20\x21\x23-\x3a\x3c-\x7e]*$/.test(state))
    throw new OptionError(
      'the state of a replay must be printable ASCII without ";" and quotes: encode it, such as with base64url',
    );
  if (timeout !== undefined && !(Number.isSafeInteger(timeout) && timeout > 0))
    throw new OptionError("the timeout of a replay must be a whole number of milliseconds > 0");
  if (fallback !== undefined && fallback !== "force_self" && fallback !== "prefer_self")
    throw new OptionError('the fallback of a replay must be "force_self" or "prefer_self"');
  if (cache === undefined) return;
  if (state !== undefined || timeout !== undefined || fallback !== undefined || transform !== undefined)
    throw new OptionError("a replay that is cached cannot have state, timeout, fallback or transform");
  if (cache === "invalidate") return;
  if (!/^[\w.-]*\/([^*]*\/)?\*$/.test(cache.prefix))
    throw new OptionError('the cache of a replay needs a prefix that ends with "/*", such as "/rooms/7/*"');
  if (!(Number.isSafeInteger(cache.ttl) && cache.ttl >= SHORTEST_TTL))
    throw new OptionError(`the cache of a replay needs a ttl of at least ${SHORTEST_TTL} whole seconds`);
}

function word(name: string, value: unknown): string {
  if (typeof value === "string" && /^[\w.-]+$/.test(value)) return value;
  throw new OptionError(`${name} of a replay must be letters, digits, "-", "_" and "." only`);
}
