import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type Emulator, type EmulatorOptions, noTimes, startEmulator } from "@flamelet/fly-emulator";
import type { Backend } from "flamelet";
import { conformanceApp } from "flamelet/testing";
import { fly, FlyApi, type FlyOptions } from "../../src/index.ts";

export const IMAGE = "registry.fly.io/demo:1";
export const BUILD = "build-of-the-test";

/** What a Dockerfile would do: the image runs that module. */
export function image(entry: string | URL = conformanceApp): {
  command: string[];
  folder: string;
  env: Record<string, string>;
} {
  const module = typeof entry === "string" ? entry : fileURLToPath(entry);
  const folder = fileURLToPath(new URL("../..", import.meta.url));
  return { command: [process.execPath, module], folder, env: { FLAME_BUILD_ID: BUILD } };
}

/** Fly on this host, with an app `demo`. It ends with the test, or when the caller closes it. */
export async function startFly(t: TestContext | null, options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({
    times: noTimes,
    rateLimit: false,
    images: { [IMAGE]: image() },
    ...options,
  });
  t?.after(() => emulator.close());
  emulator.world.createApp({ name: "demo", org: "personal" });
  return emulator;
}

/** No limits on our side where there are none on the other. */
export const UNLIMITED = { default: { perSecond: 1_000_000, burst: 1_000_000 } };

export function client({ url, token }: Emulator, options: { rates?: typeof UNLIMITED | undefined } = {}): FlyApi {
  const { rates = UNLIMITED } = options;
  return new FlyApi({ baseUrl: url, token, rates });
}

/** The backend, of a parent that runs on this host. */
export function backend(emulator: Emulator, options: FlyOptions = {}): Backend {
  const settings = { app: "demo", image: IMAGE, regions: "ams", host: "127.0.0.1", api: client(emulator) };
  return fly({ ...settings, ...options });
}
