import { startDns } from "./dns/server.ts";
import { zoneOf } from "./dns/world-zone.ts";
import { followNetworkCuts } from "./faults/network-cuts.ts";
import type { ProxyOptions } from "./proxy/options.ts";
import { type FlyProxy, startProxy } from "./proxy/proxy.ts";
import { RegionNetwork } from "./regions/network.ts";
import { machineAt } from "./world/machine-at.ts";
import type { World } from "./world/world.ts";

/** What machines and their clients reach of Fly beside the Machines API. */
export interface Front {
  readonly proxy: FlyProxy;
  readonly dns: { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

/** Starts the proxy and the DNS of a world, and tells its machines where they are. */
export async function startFront(
  world: World,
  options: { readonly proxy?: ProxyOptions; readonly latencyFactor?: number; readonly preload?: boolean },
): Promise<Front> {
  const network = options.proxy?.network ?? new RegionNetwork({ latencyFactor: options.latencyFactor ?? 0 });
  followNetworkCuts(world, network);
  const { isolated, host } = world.network;
  const flycast = isolated ? host : null;
  const proxy = await startProxy(world, { region: world.homeRegion, flycast, ...options.proxy, network });
  const dns = await startDns({
    host,
    // Where it has an address of its own, /etc/resolv.conf names it, which cannot name a port.
    port: isolated ? 53 : 0,
    zone: (from) => zoneOf(world, machineAt(world, from), flycast ?? options.proxy?.host ?? "127.0.0.1"),
    region: (from) => machineAt(world, from)?.region ?? world.homeRegion,
  }).catch(async (error: unknown) => {
    await proxy.close();
    throw error;
  });
  world.extraEnv["FLY_EMULATOR_DNS"] = `${dns.host}:${dns.port}`;
  world.extraEnv["FLY_EMULATOR_PROXY"] = proxy.url;
  if (options.preload ?? !isolated) {
    world.extraEnv["NODE_OPTIONS"] = `--import=${PRELOAD}`;
    world.extraEnv["BUN_OPTIONS"] = `--preload=${PRELOAD}`;
  }
  return {
    proxy,
    dns,
    async close() {
      await Promise.all([proxy.close(), dns.close()]);
    },
  };
}

/** The module as it lies beside this one, compiled or not. */
const PRELOAD = new URL(`./dns/preload${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url).href;
