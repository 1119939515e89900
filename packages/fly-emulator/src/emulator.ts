import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalSockets } from "./api/local-socket.ts";
import { machinesApi } from "./api/server.ts";
import { RateLimiter } from "./api/rate-limit.ts";
import { Tokens } from "./api/tokens.ts";
import { runChecks } from "./checks/run-checks.ts";
import { controlRoutes } from "./control/routes.ts";
import { followDeadHosts } from "./faults/dead-hosts.ts";
import type { FaultSpec } from "./faults/faults.ts";
import { parseFault } from "./faults/parse-fault.ts";
import { startFront } from "./front.ts";
import { Guardian } from "./guests/guardian.ts";
import { loopbackNetwork } from "./network/loopback.ts";
import { namespaceNetwork } from "./network/namespaces.ts";
import { API_PORT } from "./network/network.ts";
import { pageRoutes } from "./page/routes.ts";
import type { FlyProxy } from "./proxy/proxy.ts";
import type { ProxyOptions } from "./proxy/options.ts";
import { type Clock, systemClock } from "./world/clock.ts";
import type { ImageSpec } from "./world/images.ts";
import { type Times, flyTimes } from "./world/times.ts";
import { runSchedules } from "./world/schedules.ts";
import { World } from "./world/world.ts";

export interface EmulatorOptions {
  /** How long Fly takes for things; what is left out is as on Fly, `noTimes` is no waiting at all. Default: `flyTimes`. */
  readonly times?: Partial<Times>;
  /** Whether calls are limited as Fly documents. Default true. */
  readonly rateLimit?: boolean;
  /** The port of the Machines API on 127.0.0.1. Default: any that is free. */
  readonly port?: number;
  /** The token that the API accepts. Default: a new one. */
  readonly token?: string;
  /** Images that machines can be made of, by reference. More can be registered later: `world.images`. */
  readonly images?: Readonly<Record<string, ImageSpec>>;
  /** Faults that are on from the beginning. More can be switched on later: `world.faults`. */
  readonly faults?: readonly FaultSpec[];
  /** Where machines go that name no region. Default `ams`. */
  readonly region?: string;
  /**
   * `"loopback"`: each machine has a loopback address of its own, and has to bind to that one. `"namespaces"`: each has a
   * network namespace of its own with an `fdaa:` address, and can bind to any address; Linux, and root, only. Default
   * `"loopback"`.
   */
  readonly network?: "loopback" | "namespaces";
  /** How Fly Proxy behaves, and where it listens. */
  readonly proxy?: ProxyOptions;
  /** What the latency between regions is multiplied by: 1 as on earth, 0 (the default) for none. */
  readonly latencyFactor?: number;
  /**
   * Whether Node and Bun processes of machines see Fly's private network without being told to, by `NODE_OPTIONS` and
   * `BUN_OPTIONS`: its names, and their own address where they listen everywhere. Default true with `loopback`; with
   * `namespaces` there is no need.
   */
  readonly preload?: boolean;
  /** Default: the real one. */
  readonly clock?: Clock;
}

export interface Emulator {
  /** The Machines API, without the `/v1`. */
  readonly url: string;
  readonly token: string;
  readonly world: World;
  /** Fly Proxy: an app is at `http://<app>.localhost:<port>`. */
  readonly proxy: FlyProxy;
  /** Where `.internal` names are answered. */
  readonly dns: { readonly host: string; readonly port: number };
  /** A page that shows all of it. */
  readonly page: string;
  /** Ends every machine and removes every trace. */
  close(): Promise<void>;
}

/** Starts Fly on this host. Rejects when a port is taken, when an image cannot be, or without the rights it takes. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { clock = systemClock, token = randomToken() } = options;
  const folder = mkdtempSync(join(tmpdir(), "flamelet-fly-"));
  mkdirSync(join(folder, "machines"));
  mkdirSync(join(folder, "volumes"));
  const id = folder.slice(folder.lastIndexOf("-") + 1);
  const guardian = new Guardian(id, folder);
  // What has been started, to be closed in the opposite order; the guardian removes what is left.
  const started: (() => unknown)[] = [() => guardian.close()];
  const closeAll = async (): Promise<void> => {
    for (const close of started.splice(0).reverse()) await close();
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll());
  try {
    const network = options.network === "namespaces" ? await namespaceNetwork(guardian) : await loopbackNetwork();
    started.push(() => network.close());
    const times = { ...flyTimes, ...options.times };
    const world = new World({ id, clock, times, folder, network, guardian, homeRegion: options.region ?? "ams" });
    for (const [ref, spec] of Object.entries(options.images ?? {})) world.images.register(ref, spec);
    followDeadHosts(world);
    runChecks(world);
    runSchedules(world);
    const front = await startFront(world, options);
    started.push(() => front.close());
    for (const fault of options.faults ?? []) world.faults.add(parseFault(fault));

    const context = { world, tokens: new Tokens(token) };
    const limiter = options.rateLimit === false ? null : new RateLimiter(clock);
    // Two doors to the same API: one for this host, and `_api.internal` for the machines.
    const outer = machinesApi(context, limiter);
    const inner = machinesApi(context, limiter);
    const sockets = new LocalSockets(world, inner);
    started.push(() => {
      sockets.close();
      return Promise.all([outer.close(), inner.close()]);
    });
    outer.register(async (control) => controlRoutes(control, context), { prefix: "/_emulator" });
    outer.register(async (page) => pageRoutes(page, { ...context, proxy: front.proxy }), { prefix: "/_emulator" });
    const url = await outer.listen({ host: "127.0.0.1", port: options.port ?? 0 });
    world.extraEnv["FLY_FLAPS_BASE_URL"] = await inner.listen({ host: network.host, port: API_PORT });
    started.push(() => world.abandon());
    const page = `${url}/_emulator/ui/#token=${token}`;
    return { url, token, world, proxy: front.proxy, dns: front.dns, page, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function randomToken(): string {
  return `fm2_emulator_${randomBytes(18).toString("base64url")}`;
}
