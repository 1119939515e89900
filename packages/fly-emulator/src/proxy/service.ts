import type { MachineConfig, MachineService, ServicePort } from "../world/machine-config.ts";
import type { SessionRule } from "./replay/cache.ts";

/** Fly's default: https://fly.io/docs/machines/api/machines-resource/#services */
const SOFT_LIMIT = 20;

/** What the proxy does with a machine's service, in one place and with all defaults. */
export interface HttpService {
  /** The port that the client is taken to have connected to. */
  readonly port: number;
  readonly tls: boolean;
  readonly forceHttps: boolean;
  readonly internalPort: number;
  readonly softLimit: number;
  /** `Infinity` for none. */
  readonly hardLimit: number;
  readonly autostart: boolean;
  readonly autostop: "off" | "stop" | "suspend";
  readonly minRunning: number;
  /** Milliseconds without a byte after which a connection ends, or null for never. */
  readonly idleTimeout: number | null;
  /** Whether the proxy leaves its own headers out of the answer. */
  readonly pristine: boolean;
  /** Headers that the answer gets; `false` takes one away. */
  readonly responseHeaders: ReadonlyMap<string, string | readonly string[] | false>;
  readonly replayCache: readonly SessionRule[];
}

/**
 * The service of a machine that HTTP requests go to: the one with an `http` handler on `port`, or without a port the one
 * on 443, else 80, else any. Null when it has none.
 */
export function httpService(config: MachineConfig, port?: number): HttpService | null {
  const all = (config.services ?? []).flatMap((service) =>
    (service.ports ?? [])
      .filter((each) => service.internal_port !== undefined && each.handlers?.includes("http") === true)
      .map((each) => ({ service, each })),
  );
  const wanted = port === undefined ? [443, 80] : [port];
  for (const number of wanted) {
    const found = all.find(({ each }) => covers(each, number));
    if (found !== undefined) return read(found.service, found.each, number);
  }
  const first = all[0];
  if (port !== undefined || first === undefined) return null;
  return read(first.service, first.each, first.each.port ?? first.each.start_port ?? 80);
}

function covers({ port, start_port: from, end_port: to }: ServicePort, number: number): boolean {
  return port === number || (from !== undefined && to !== undefined && from <= number && number <= to);
}

function read(service: MachineService, port: ServicePort, number: number): HttpService {
  const options = (port.http_options ?? {}) as HttpOptions;
  const hard = service.concurrency?.hard_limit ?? 0;
  return {
    port: number,
    tls: port.handlers?.includes("tls") === true,
    forceHttps: port.force_https === true,
    internalPort: service.internal_port as number,
    softLimit: service.concurrency?.soft_limit || SOFT_LIMIT,
    hardLimit: hard > 0 ? hard : Infinity,
    autostart: service.autostart === true,
    autostop: service.autostop === "suspend" ? "suspend" : service.autostop === true ? "stop" : "off",
    minRunning: service.min_machines_running ?? 0,
    idleTimeout: options.idle_timeout === undefined ? null : options.idle_timeout * 1000,
    pristine: options.response?.pristine === true,
    responseHeaders: new Map(Object.entries(options.response?.headers ?? {})),
    replayCache: (options.replay_cache ?? []).map((rule) => ({
      pathPrefix: rule.path_prefix ?? "/",
      ttlMs: (rule.ttl_seconds ?? 10) * 1000,
      type: rule.type === "header" ? "header" : "cookie",
      name: rule.name ?? "",
      allowBypass: rule.allow_bypass === true,
    })),
  };
}

interface HttpOptions {
  idle_timeout?: number;
  response?: { headers?: Record<string, string | string[] | false>; pristine?: boolean };
  replay_cache?: { path_prefix?: string; ttl_seconds?: number; type?: string; name?: string; allow_bypass?: boolean }[];
}
