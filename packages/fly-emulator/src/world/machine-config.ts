/**
 * What a machine is told to be, with Fly's own names. Only fields that the emulator acts on are typed; all others are kept
 * and given back as they came.
 */
export interface MachineConfig {
  image: string;
  env?: Record<string, string> | null;
  init?: { exec?: string[] | null; entrypoint?: string[] | null; cmd?: string[] | null; swap_size_mb?: number } | null;
  processes?: MachineProcess[] | null;
  metadata?: Record<string, string> | null;
  guest?: Guest | null;
  auto_destroy?: boolean | null;
  restart?: { policy?: RestartPolicy; max_retries?: number } | null;
  schedule?: string | null;
  stop_config?: { signal?: string | null; timeout?: string | number | null } | null;
  files?: { guest_path?: string; raw_value?: string; secret_name?: string; mode?: number }[] | null;
  mounts?: { volume?: string; name?: string; path?: string }[] | null;
  services?: MachineService[] | null;
  checks?: Record<string, Check> | null;
  dns?: { skip_registration?: boolean } | null;
  containers?: unknown[] | null;
  [field: string]: unknown;
}

export type RestartPolicy = "no" | "always" | "on-failure" | "spot-price";

export interface MachineProcess {
  exec?: string[] | null;
  entrypoint?: string[] | null;
  cmd?: string[] | null;
  env?: Record<string, string> | null;
  env_from?: { env_var?: string; field_ref?: string }[] | null;
  ignore_app_secrets?: boolean;
  secrets?: { env_var?: string; name?: string }[] | null;
}

export interface Guest {
  cpu_kind?: string;
  cpus?: number;
  memory_mb?: number;
  gpus?: number | null;
  gpu_kind?: string | null;
  [field: string]: unknown;
}

/** What Fly Proxy routes to. */
export interface MachineService {
  protocol?: string;
  internal_port?: number;
  autostart?: boolean;
  /** What the API answers: `false` for `"off"`, `true` for `"stop"`, or `"suspend"`. */
  autostop?: boolean | "suspend";
  min_machines_running?: number;
  ports?: ServicePort[];
  checks?: Check[];
  concurrency?: { type?: "connections" | "requests"; soft_limit?: number; hard_limit?: number };
  [field: string]: unknown;
}

export interface ServicePort {
  port?: number;
  start_port?: number;
  end_port?: number;
  handlers?: string[];
  force_https?: boolean;
  http_options?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface Check {
  type?: string;
  port?: number;
  interval?: string | number;
  timeout?: string | number;
  grace_period?: string | number;
  method?: string;
  path?: string;
  kind?: string;
  [field: string]: unknown;
}
