import { parse } from "smol-toml";
import type { MachineConfig } from "@flamelet/fly";

/** The part of a fly.toml that this app's file uses: https://fly.io/docs/reference/configuration/ */
interface FlyToml {
  readonly app: string;
  readonly primary_region: string;
  readonly kill_signal: string;
  /** Seconds. */
  readonly kill_timeout: number;
  readonly http_service: {
    readonly internal_port: number;
    readonly force_https: boolean;
    readonly auto_stop_machines: "off" | "stop" | "suspend";
    readonly auto_start_machines: boolean;
    readonly min_machines_running: number;
    readonly concurrency: { readonly type: "connections" | "requests"; readonly soft_limit: number };
    readonly checks: readonly Record<"method" | "path" | "interval" | "timeout" | "grace_period", string>[];
  };
  readonly vm: readonly { readonly cpu_kind: string; readonly cpus: number; readonly memory: string }[];
}

/** What a fly.toml says of an app and of each of its machines. */
export interface FlyApp {
  readonly name: string;
  readonly region: string;
  readonly config: Omit<MachineConfig, "image">;
}

/** Makes of a fly.toml what `fly deploy` makes of it. */
export function readFlyToml(text: string): FlyApp {
  const toml = parse(text) as unknown as FlyToml;
  const http = toml.http_service;
  const [vm] = toml.vm;
  const gigabytes = /^(\d+)gb$/.exec(vm?.memory ?? "")?.[1];
  if (vm === undefined || gigabytes === undefined) throw new Error("fly.toml: [[vm]] must have a memory such as 1gb");
  const config = {
    env: { PRIMARY_REGION: toml.primary_region },
    metadata: { fly_platform_version: "v2", fly_process_group: "app" },
    guest: { cpu_kind: vm.cpu_kind, cpus: vm.cpus, memory_mb: Number(gigabytes) * 1024 },
    restart: { policy: "on-failure", max_retries: 10 },
    stop_config: { signal: toml.kill_signal, timeout: `${toml.kill_timeout}s` },
    services: [
      {
        protocol: "tcp",
        internal_port: http.internal_port,
        autostart: http.auto_start_machines,
        autostop: http.auto_stop_machines,
        min_machines_running: http.min_machines_running,
        concurrency: http.concurrency,
        checks: http.checks.map((check) => ({ type: "http", ...check })),
        ports: [
          { port: 80, handlers: ["http"], force_https: http.force_https },
          { port: 443, handlers: ["http", "tls"] },
        ],
      },
    ],
  };
  // The API document has types of Go for durations, where texts are what is sent.
  return { name: toml.app, region: toml.primary_region, config: config as unknown as FlyApp["config"] };
}
