import { configDuration } from "../world/durations.ts";
import type { Check, MachineConfig } from "../world/machine-config.ts";

/** One health check, with its defaults filled in. Times are ms. */
export interface HealthCheck {
  readonly name: string;
  readonly type: "tcp" | "http";
  readonly port: number;
  readonly interval: number;
  readonly timeout: number;
  /** For how long after the start a failure is only a warning. */
  readonly gracePeriod: number;
  readonly method: string;
  readonly path: string;
  readonly protocol: "http" | "https";
  readonly headers: readonly (readonly [string, string])[];
  readonly routing: boolean;
}

const INTERVAL = 10_000;
const TIMEOUT = 2000;

/** The checks that a config asks for: those of its services, and those at its top. */
export function checkList(config: MachineConfig): HealthCheck[] {
  const ofServices = (config.services ?? []).flatMap(({ checks, internal_port: port }) =>
    (checks ?? []).map((check) => ({ check, port: check.port ?? port, routing: true })),
  );
  const named = ofServices.map(({ check, port, routing }, index) => {
    return full(`servicecheck-${String(index).padStart(2, "0")}-${check.type ?? "tcp"}-${port}`, check, port, routing);
  });
  const atTop = Object.entries(config.checks ?? {}).map(([name, check]) =>
    full(name, check, check.port, check.kind === "readiness"),
  );
  return [...named, ...atTop].filter((check) => check !== null);
}

function full(name: string, check: Check, port: number | undefined, routing: boolean): HealthCheck | null {
  if (port === undefined) return null;
  const headers = (check["headers"] ?? []) as { name?: string; values?: string[] }[];
  return {
    name,
    type: check.type === "http" ? "http" : "tcp",
    port,
    interval: configDuration(check.interval) ?? INTERVAL,
    timeout: configDuration(check.timeout) ?? TIMEOUT,
    gracePeriod: configDuration(check.grace_period) ?? 0,
    method: check.method?.toUpperCase() ?? "GET",
    path: check.path ?? "/",
    protocol: check["protocol"] === "https" ? "https" : "http",
    headers: headers.map(({ name: header = "", values = [] }) => [header, values.join(", ")]),
    routing,
  };
}
