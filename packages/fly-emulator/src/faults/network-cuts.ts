import type { RegionNetwork } from "../regions/network.ts";
import { REGIONS } from "../regions/table.ts";
import type { World } from "../world/world.ts";

/** Cuts regions off from each other while `network-cut` faults are on: for the proxy, and for machines among themselves. */
export function followNetworkCuts(world: World, network: RegionNetwork): void {
  const separate = (): void => {
    const machines = world.machines();
    const pairs = machines.flatMap((a, index) =>
      machines
        .slice(0, index)
        .filter((b) => !network.reachable(a.region, b.region))
        .map((b) => [a.address, b.address] as const),
    );
    void world.network.separate(pairs).catch((error: unknown) => {
      process.emitWarning(`a network cut could not be made: ${String(error)}`, "FlameletFlyWarning");
    });
  };
  const follow = (): void => {
    const cuts = world.faults.list().filter(({ kind }) => kind === "network-cut");
    network.setCuts(cuts.flatMap(({ region = "", peer }) => pairsOf(region, peer)));
    separate();
  };
  world.events.on("fault", (fault, what) => {
    if (fault.kind === "network-cut" && what !== "struck") follow();
  });
  // A machine that comes while a cut is there is cut off before it boots, and stays so when it boots again.
  world.events.on("machine", (machine) => {
    if (network.cuts.length > 0 && machine.state === "created") separate();
  });
}

/** The pairs of regions that a fault cuts: one, or one with all others. */
function pairsOf(region: string, peer: string | undefined): [string, string][] {
  const others = peer === undefined ? REGIONS.map(({ code }) => code) : [peer];
  return others.map((other) => [region, other]);
}
