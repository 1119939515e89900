import { configDuration } from "./durations.ts";
import type { Guest, MachineConfig, MachineService } from "./machine-config.ts";
import { badRequest, invalidArgument } from "./refusal.ts";
import { signalNamed } from "./signals.ts";

/** What one CPU may have of memory, in MB: least, most, step. https://fly.io/docs/machines/guides-examples/machine-sizing/ */
const MEMORY = { shared: [256, 2048, 256], performance: [2048, 8192, 1024] } as const;

const GPU_PRESETS = ["a10", "l40s", "a100-40gb", "a100-80gb"];

/** The config as the API gives it back: defaults filled in, `autostop` as a boolean. Throws on what Fly would refuse. */
export function checkedConfig(input: unknown): MachineConfig {
  if (typeof input !== "object" || input === null || Array.isArray(input)) throw badRequest("config is required");
  const config = structuredClone(input) as MachineConfig;
  if (typeof config.image !== "string" || config.image === "") throw badRequest("config.image is required");
  if (Array.isArray(config.containers) && config.containers.length > 0)
    throw badRequest("config.containers: the emulator runs one container, that of config.image");
  if ((config.processes?.length ?? 0) > 1)
    throw badRequest("config.processes: the emulator runs one process group, not more");
  for (const name of Object.keys(config.env ?? {}))
    if (name.startsWith("FLY_")) throw badRequest(`config.env: "${name}" must not start with FLY_`);
  for (const [key, value] of Object.entries(config.metadata ?? {}))
    if (typeof value !== "string") throw badRequest(`config.metadata: the value of "${key}" must be a string`);
  const { stop_config: stop } = config;
  if (stop?.signal != null && stop.signal !== "") signalNamed(stop.signal);
  if (stop?.timeout != null && configDuration(stop.timeout) === null)
    throw badRequest(`config.stop_config.timeout: invalid duration ${JSON.stringify(stop.timeout)}`);
  config.guest = checkedGuest(config.guest ?? preset(config.size));
  config.init ??= {};
  config.restart ??= {};
  if (config.services != null) config.services = config.services.map(normalService);
  return config;
}

/** Whether Fly has no machine for it any more. */
export function wantsGpu({ guest }: MachineConfig): boolean {
  return (guest?.gpus ?? 0) > 0 || (guest?.gpu_kind ?? "") !== "";
}

function checkedGuest(guest: Guest): Guest {
  const kind = guest.cpu_kind ?? "shared";
  if (kind !== "shared" && kind !== "performance")
    throw invalidArgument(`config.guest.cpu_kind must be "shared" or "performance", and is ${JSON.stringify(kind)}`);
  const cpus = guest.cpus ?? 1;
  const [least, most, step] = MEMORY[kind];
  const memory = guest.memory_mb ?? least * cpus;
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > 16)
    throw invalidArgument(`config.guest.cpus: ${cpus} is not possible`);
  if (memory < least * (kind === "shared" ? 1 : cpus) || memory > most * cpus || memory % step !== 0)
    throw invalidArgument(
      `config.guest.memory_mb: ${memory} is not possible with ${cpus} ${kind} CPU${cpus === 1 ? "" : "s"} ` +
        `(${least} to ${most} MB for each, in steps of ${step})`,
    );
  return { ...guest, cpu_kind: kind, cpus, memory_mb: memory };
}

/** The guest that a name such as `shared-cpu-2x` stands for. */
function preset(size: unknown): Guest {
  if (typeof size !== "string" || size === "") return {};
  if (GPU_PRESETS.includes(size))
    return { cpu_kind: "performance", cpus: 8, memory_mb: 32_768, gpus: 1, gpu_kind: size };
  const match = /^(shared-cpu|performance)-(\d+)x$/.exec(size);
  if (match === null) throw invalidArgument(`config.size: there is no size ${JSON.stringify(size)}`);
  const cpus = Number(match[2]);
  return match[1] === "performance"
    ? { cpu_kind: "performance", cpus, memory_mb: 2048 * cpus }
    : { cpu_kind: "shared", cpus, memory_mb: 256 * cpus };
}

function normalService(service: MachineService): MachineService {
  const { autostop } = service as { autostop?: unknown };
  if (autostop === undefined) return service;
  const normal = autostop === "off" ? false : autostop === "stop" ? true : autostop;
  if (typeof normal !== "boolean" && normal !== "suspend")
    throw badRequest(
      `config.services: autostop must be "off", "stop" or "suspend", and is ${JSON.stringify(autostop)}`,
    );
  return { ...service, autostop: normal };
}
