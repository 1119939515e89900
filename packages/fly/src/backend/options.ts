import { OptionError } from "flamelet";
import { FlyApi } from "../api/client.ts";
import type { MachineConfig, MachineGuest } from "../api/types.ts";
import type { OwnMachine } from "./tags.ts";

export interface FlyOptions {
  /** The app that the machines belong to. Default: `FLY_APP_NAME`, this very app. */
  readonly app?: string;
  /** What the machines run. Default: `FLY_IMAGE_REF`, the image that this machine runs, by its digest. */
  readonly image?: string;
  /**
   * Where the machines run: a region's code, or several, of which one with room is taken, the first ones first.
   * Default: `FLY_REGION`, where this machine runs.
   */
  readonly regions?: string | readonly string[];
  /** CPUs and memory, with Fly's own names. Default: those of this machine. */
  readonly guest?: MachineGuest;
  /** Names of variables of this process that the machines get. Secrets of the app they have anyway. Default: none. */
  readonly inheritEnv?: readonly string[];
  /** Variables that the machines get. */
  readonly env?: Readonly<Record<string, string>>;
  /** What this process listens on for its runners, and they dial. Default: `FLY_PRIVATE_IP`, which is `fly-local-6pn`. */
  readonly host?: string;
  /** The last word on a machine's config. It must give one back; what it takes out is gone. */
  readonly config?: (config: MachineConfig) => MachineConfig;
  /** Default: `FLY_API_TOKEN`. */
  readonly token?: string;
  /** Default: `FLY_FLAPS_BASE_URL`, else `https://api.machines.dev`. */
  readonly baseUrl?: string;
  /** A client to use instead of one of its own, such as one that several backends share. */
  readonly api?: FlyApi;
}

/** The options, once checked and completed from the environment. */
export interface Settings {
  readonly api: FlyApi;
  readonly app: string;
  readonly image: string;
  /** Whether the image is the one that this process runs in. */
  readonly sameImage: boolean;
  readonly regions: readonly [string, ...string[]];
  readonly guest: MachineGuest | null;
  readonly env: Readonly<Record<string, string>>;
  readonly host: string;
  readonly config: (config: MachineConfig) => MachineConfig;
  /** The machine that this process runs on; null when it is none of Fly's. */
  readonly self: OwnMachine | null;
}

const KNOWN = ["app", "image", "regions", "guest", "inheritEnv", "env", "host", "config", "token", "baseUrl", "api"];

/** Checks the options as a whole. Throws one `OptionError` that tells all that is wrong or missing, and where it comes from. */
export function resolveOptions(options: FlyOptions, environment: NodeJS.ProcessEnv = process.env): Settings {
  const wrong = Object.keys(options)
    .filter((name) => !KNOWN.includes(name))
    .map((name) => `it has no option "${name}", only ${KNOWN.join(", ")}`);
  const setting = (name: "app" | "image" | "host", variable: string): string => {
    const value: unknown = options[name] ?? environment[variable] ?? "";
    if (typeof value === "string" && value !== "") return value;
    wrong.push(`option ${name} is missing: it is ${variable} on Fly, which is not set here`);
    return "";
  };
  const app = setting("app", "FLY_APP_NAME");
  const image = setting("image", "FLY_IMAGE_REF");
  const host = setting("host", "FLY_PRIVATE_IP");
  const regions = [options.regions ?? environment["FLY_REGION"] ?? []].flat();
  if (!isRegions(regions)) wrong.push("option regions must name at least one region: it is FLY_REGION on Fly");
  const env = variables(options, environment, wrong);
  if (options.config !== undefined && typeof options.config !== "function")
    wrong.push("option config must be a function that gives a machine's config");
  const api = options.api ?? client(options, wrong);
  if (wrong.length > 0 || api === null || !isRegions(regions))
    throw new OptionError(
      `the fly backend cannot be used here: ${wrong.join("; ")}. ` +
        "Where an app also runs elsewhere, flame.backend.auto() is fly on Fly and processes otherwise",
    );
  const { FLY_APP_NAME, FLY_MACHINE_ID, FLY_MACHINE_VERSION = null } = environment;
  return {
    api,
    app,
    image,
    sameImage: options.image === undefined || options.image === environment["FLY_IMAGE_REF"],
    regions,
    guest: options.guest ?? null,
    env,
    host,
    config: options.config ?? ((config) => config),
    self:
      FLY_APP_NAME && FLY_MACHINE_ID ? { app: FLY_APP_NAME, id: FLY_MACHINE_ID, version: FLY_MACHINE_VERSION } : null,
  };
}

function isRegions(regions: readonly unknown[]): regions is [string, ...string[]] {
  return regions.length > 0 && regions.every((region) => typeof region === "string" && /^[a-z]{2,4}$/.test(region));
}

function variables(
  { inheritEnv = [], env = {} }: FlyOptions,
  environment: NodeJS.ProcessEnv,
  wrong: string[],
): Record<string, string> {
  const inherited = inheritEnv.map((name) => [name, environment[name]] as const);
  for (const [name, value] of Object.entries(env))
    if (typeof value !== "string") wrong.push(`the variable ${name} of option env must be a string`);
  for (const name of [...inheritEnv, ...Object.keys(env)])
    if (name.startsWith("FLY_"))
      wrong.push(`the variable ${name} cannot be given: Fly sets those that begin with FLY_`);
  const present = inherited.filter((pair): pair is [string, string] => pair[1] !== undefined);
  return { ...Object.fromEntries(present), ...env };
}

function client({ token, baseUrl }: FlyOptions, wrong: string[]): FlyApi | null {
  try {
    return new FlyApi({ token, baseUrl });
  } catch (error) {
    wrong.push((error as Error).message);
    return null;
  }
}
