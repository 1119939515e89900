import type { Machine } from "../world/machine.ts";
import type { World } from "../world/world.ts";
import type { DnsZone } from "./zone.ts";

/** What a machine sees of the world by DNS: the apps of its own private network. Who is no machine sees all. */
export function zoneOf(world: World, asker: Machine | undefined, flycast: string | undefined): DnsZone {
  const apps = [...world.apps.values()].filter(
    ({ org, network }) => asker === undefined || (org === asker.app.org && network === asker.app.network),
  );
  const machines = apps.flatMap((app) => app.living).filter(({ config }) => config.dns?.skip_registration !== true);
  return {
    apps: apps.map(({ name }) => name),
    machines: machines.map(({ id, app, region, state, privateIp, config }) => ({
      id,
      app: app.name,
      region,
      started: state === "started",
      address: privateIp,
      metadata: config.metadata ?? {},
    })),
    api: world.network.host,
    flycast,
  };
}
