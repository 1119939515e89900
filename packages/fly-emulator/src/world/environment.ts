import { refOf } from "./images.ts";
import type { Machine } from "./machine.ts";

/** What the emulator adds to the environment of a machine beyond what Fly gives. */
export interface HostEnvironment {
  /** The folder of this boot: `HOME`, and `TMPDIR` below it. */
  readonly folder: string;
  /** Such as `FLY_FLAPS_BASE_URL`; what only an emulator has to say. */
  readonly extra: Readonly<Record<string, string>>;
}

/**
 * The environment of a machine's processes: Fly's own variables, then the image's, the config's, and secrets over both.
 * Nothing of the emulator's environment but `PATH` and `LANG`: a machine inherits nothing from who creates it.
 */
export function machineEnv(machine: Machine, { folder, extra }: HostEnvironment): Record<string, string> {
  const { app, config, image } = machine;
  const guest = config.guest ?? {};
  const process_ = config.processes?.[0];
  const known = machine.skipSecrets ? [] : [...app.secrets.values()];
  const secrets = Object.fromEntries(known.map(({ name, value }) => [name, value]));
  const imageRef = `${refOf(image)}@${image.digest}`;
  const fields: Record<string, string> = {
    id: machine.id,
    version: machine.instanceId,
    app_name: app.name,
    private_ip: machine.privateIp,
    region: machine.region,
    image: imageRef,
  };
  const wanted = (process_?.env_from ?? []).map(({ env_var = "", field_ref = "" }) => [
    env_var,
    fields[field_ref] ?? "",
  ]);
  const mapped = (process_?.secrets ?? []).map(({ env_var = "", name }) => [env_var, secrets[name ?? env_var] ?? ""]);
  const own: Record<string, string> = {
    ...image.env,
    ...config.env,
    ...process_?.env,
    ...(Object.fromEntries(wanted) as Record<string, string>),
    ...(process_?.ignore_app_secrets === true ? {} : secrets),
    ...(Object.fromEntries(mapped) as Record<string, string>),
  };
  // The emulator's preload comes beside what the app wants of its runtime, not instead of it.
  for (const name of ["NODE_OPTIONS", "BUN_OPTIONS"])
    if (own[name] !== undefined && extra[name] !== undefined) own[name] = `${extra[name]} ${own[name]}`;
  return {
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    LANG: process.env["LANG"] ?? "C.UTF-8",
    HOME: folder,
    TMPDIR: `${folder}/tmp`,
    FLY_EMULATOR_API_SOCKET: `${folder}/.fly/api`,
    ...extra,
    ...own,
    FLY_APP_NAME: app.name,
    FLY_MACHINE_ID: machine.id,
    FLY_ALLOC_ID: machine.id,
    FLY_REGION: machine.region,
    FLY_PUBLIC_IP: machine.privateIp,
    FLY_PRIVATE_IP: machine.privateIp,
    FLY_IMAGE_REF: imageRef,
    FLY_MACHINE_VERSION: machine.instanceId,
    FLY_PROCESS_GROUP: config.metadata?.["fly_process_group"] ?? "",
    FLY_VM_MEMORY_MB: String(guest.memory_mb ?? 256),
  };
}

/** What to run: `init.exec`, or entrypoint and cmd, each of the config if there, else of the image. */
export function machineCommand({ config, image }: Machine): string[] {
  const init = { ...config.init, ...config.processes?.[0] };
  if (init.exec != null && init.exec.length > 0) return [...init.exec];
  return [...(init.entrypoint ?? []), ...(init.cmd ?? image.command)];
}
