import type { ReplayInstruction } from "./instruction.ts";

/** A rule of `http_options.replay_cache`: remembers replays by the value of a cookie or a header. */
export interface SessionRule {
  /** `/path` or `host/path`. */
  readonly pathPrefix: string;
  readonly ttlMs: number;
  readonly type: "cookie" | "header";
  readonly name: string;
  readonly allowBypass: boolean;
}

/** The parts of a request by which replays are remembered. */
export interface CacheableRequest {
  /** The app that would answer it. */
  readonly app: string;
  /** In lower case and without a port. */
  readonly host: string;
  /** With its query. */
  readonly url: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The machine that asked for a replay. */
export interface ReplayAsker {
  readonly app: string;
  readonly instance: string;
}

interface Entry {
  readonly instruction: ReplayInstruction;
  readonly source: ReplayAsker;
  readonly allowBypass: boolean;
  readonly expires: number;
}

/** What a request finds: a remembered replay, the wish to go round one, or nothing. */
export type CacheLookup =
  | { readonly found: "hit"; readonly instruction: ReplayInstruction; readonly source: ReplayAsker }
  | { readonly found: "bypass" | "none" };

/**
 * Replays that apps asked to have remembered. Each host name has its own; the longest matching path wins.
 * https://fly.io/docs/networking/dynamic-request-routing/#replay-caching
 */
export class ReplayCache {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  /** @param now Milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many are remembered, expired ones included until they are looked for. */
  get size(): number {
    return this.#entries.size;
  }

  find(request: CacheableRequest, rules: readonly SessionRule[]): CacheLookup {
    const skip = one(request.headers["fly-replay-cache-control"])?.trim().toLowerCase() === "skip";
    for (const key of keys(request, rules)) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      if (entry.expires <= this.#now()) this.#entries.delete(key);
      else if (skip && entry.allowBypass) return { found: "bypass" };
      else return { found: "hit", instruction: entry.instruction, source: entry.source };
    }
    return { found: "none" };
  }

  /**
   * Takes note of a replay that a machine asked for: remembers it if the answer or a rule says so, or forgets what led
   * this request here if the answer says that.
   *
   * @returns Why the answer's own pattern is not remembered, or null.
   */
  note(
    request: CacheableRequest,
    rules: readonly SessionRule[],
    instruction: ReplayInstruction,
    source: ReplayAsker,
  ): string | null {
    if (instruction.cache === "invalidate") {
      for (const key of keys(request, rules)) this.#entries.delete(key);
      return null;
    }
    const { cache, ...plain } = instruction;
    const now = this.#now();
    if (cacheable(plain)) {
      const rule = matching(request, rules)[0];
      const value = rule === undefined ? undefined : sessionValue(request, rule);
      if (rule !== undefined && value !== undefined) {
        const { allowBypass, ttlMs } = rule;
        this.#entries.set(sessionKey(request, rule, value), {
          instruction: plain,
          source,
          allowBypass,
          expires: now + ttlMs,
        });
      }
    }
    if (cache === undefined) return null;
    const prefix =
      cache.prefix.startsWith("/") || cache.prefix === "" ? `${request.host}${cache.prefix}` : cache.prefix;
    if (!matches(`${request.host}${path(request.url)}`, prefix)) {
      return `the pattern ${cache.prefix}/* does not match the request ${request.host}${path(request.url)}`;
    }
    const { allowBypass, ttlMs } = cache;
    this.#entries.set(`path ${request.app} ${prefix}`, {
      instruction: plain,
      source,
      allowBypass,
      expires: now + ttlMs,
    });
    return null;
  }
}

/** Where a replay of this request may be remembered, most specific first. */
function keys(request: CacheableRequest, rules: readonly SessionRule[]): string[] {
  const found: string[] = [];
  const rule = matching(request, rules)[0];
  const value = rule === undefined ? undefined : sessionValue(request, rule);
  let at = path(request.url).replace(/\/$/, "");
  for (;;) {
    found.push(`path ${request.app} ${request.host}${at}`);
    if (at === "") break;
    at = at.slice(0, at.lastIndexOf("/"));
  }
  if (rule !== undefined && value !== undefined) found.push(sessionKey(request, rule, value));
  return found;
}

/** The rules for this request, the longest path first. */
function matching(request: CacheableRequest, rules: readonly SessionRule[]): SessionRule[] {
  return rules
    .filter((rule) => {
      const prefix = rule.pathPrefix.replace(/\/?\*?$/, "");
      const subject =
        prefix === "" || prefix.startsWith("/") ? path(request.url) : `${request.host}${path(request.url)}`;
      return matches(subject, prefix);
    })
    .sort((a, b) => b.pathPrefix.length - a.pathPrefix.length);
}

function matches(subject: string, prefix: string): boolean {
  return subject === prefix || subject.startsWith(`${prefix}/`);
}

function sessionKey(request: CacheableRequest, rule: SessionRule, value: string): string {
  return `session ${request.app} ${request.host} ${rule.pathPrefix} ${rule.type} ${rule.name} ${value}`;
}

function sessionValue(request: CacheableRequest, rule: SessionRule): string | undefined {
  if (rule.type === "header") return one(request.headers[rule.name.toLowerCase()]);
  for (const part of (one(request.headers["cookie"]) ?? "").split(";")) {
    const [name, ...rest] = part.trim().split("=");
    if (name === rule.name) return rest.join("=");
  }
  return undefined;
}

/** The limits of https://fly.io/docs/networking/dynamic-request-routing/#requirements-and-limitations */
function cacheable(instruction: ReplayInstruction): boolean {
  const { state, timeout, fallback, transform } = instruction;
  return state === undefined && timeout === undefined && fallback === undefined && transform === undefined;
}

function path(url: string): string {
  return url.split("?", 1)[0] as string;
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}
