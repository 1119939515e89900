import { byDistance } from "../regions/distance.ts";
import type { RegionPreference } from "../regions/preference.ts";

/** A machine as the load balancer sees it. */
export interface Candidate {
  readonly id: string;
  readonly region: string;
  /**
   * `running`: takes requests, or will as soon as a start that was asked for is done. `startable`: stopped or suspended,
   * and its service may be started by a request. `unavailable`: anything else.
   */
  readonly status: "running" | "startable" | "unavailable";
  /** Requests or connections that it has now. */
  readonly load: number;
  readonly softLimit: number;
  /** `Infinity` for none. */
  readonly hardLimit: number;
}

/** What a request asks of the machine that gets it. */
export interface RouteWish {
  /** Where the request entered. */
  readonly edge: string;
  /** Regions in order of preference. */
  readonly regions?: RegionPreference | undefined;
  /** Whether no other region will do. */
  readonly regionsOnly?: boolean | undefined;
  /** No other machine will do. */
  readonly instance?: string | undefined;
  readonly preferInstance?: string | undefined;
  /** Machines that must not get it. */
  readonly except?: ReadonlySet<string> | undefined;
}

/** Where a request goes. */
export type Route =
  | { readonly to: string; readonly preferredUnavailable?: string }
  /** Start this machine, and wait for it. */
  | { readonly wake: string; readonly preferredUnavailable?: string }
  /** `full`: every machine that fits is at its hard limit. `none`: none fits. */
  | { readonly no: "full" | "none" };

/**
 * Chooses the machine for a request, as https://fly.io/docs/reference/load-balancing/ and
 * https://fly.io/docs/reference/fly-proxy-autostop-autostart/ say: the closest region that has a machine below its hard
 * limit; there those below their soft limit first, then the least loaded one, and chance among equals. A machine is
 * started when none that runs is below its soft limit.
 *
 * @param random From 0 up to, but not including, 1.
 */
export function route(candidates: readonly Candidate[], wish: RouteWish, random: () => number): Route {
  const fitting = candidates.filter((each) => wish.except?.has(each.id) !== true);
  if (wish.instance !== undefined) return toOne(fitting.find((each) => each.id === wish.instance));
  if (wish.preferInstance === undefined) return amongAll(fitting, wish, random);
  const preferred = fitting.find((each) => each.id === wish.preferInstance);
  const direct = toOne(preferred);
  if (!("no" in direct)) return direct;
  const other = amongAll(
    fitting.filter((each) => each !== preferred),
    wish,
    random,
  );
  return "no" in other ? other : { ...other, preferredUnavailable: wish.preferInstance };
}

function toOne(machine: Candidate | undefined): Route {
  if (machine?.status === "startable") return { wake: machine.id };
  if (machine?.status !== "running") return { no: "none" };
  return machine.load < machine.hardLimit ? { to: machine.id } : { no: "full" };
}

function amongAll(candidates: readonly Candidate[], wish: RouteWish, random: () => number): Route {
  const order = regionOrder(candidates, wish);
  const inOrder = candidates.filter((each) => order.includes(each.region));
  const running = inOrder.filter((each) => each.status === "running");
  const chosen = firstRegion(order, running, (each) => each.load < each.hardLimit, random);
  if (running.some((each) => each.load < each.softLimit) && chosen !== undefined) return { to: chosen.id };
  const sleeper = firstRegion(order, inOrder, (each) => each.status === "startable", random);
  if (sleeper !== undefined) return { wake: sleeper.id };
  if (chosen !== undefined) return { to: chosen.id };
  return { no: running.length > 0 ? "full" : "none" };
}

/** The best of those that pass, in the first region that has one. */
function firstRegion(
  order: readonly string[],
  machines: readonly Candidate[],
  passes: (machine: Candidate) => boolean,
  random: () => number,
): Candidate | undefined {
  for (const region of order) {
    const here = machines.filter((each) => each.region === region && passes(each));
    const below = here.filter((each) => each.load < each.softLimit);
    const pool = below.length > 0 ? below : here;
    const least = Math.min(...pool.map((each) => each.load));
    const equal = pool.filter((each) => each.load === least);
    if (equal.length > 0) return equal[Math.floor(random() * equal.length)];
  }
  return undefined;
}

/** The regions of the candidates in the order in which they are tried: as wished, then by distance from the edge. */
function regionOrder(candidates: readonly Candidate[], wish: RouteWish): string[] {
  const present = [...new Set(candidates.map((each) => each.region))];
  const wished = (wish.regions ?? []).flatMap((step) =>
    byDistance(
      wish.edge,
      step.filter((code) => present.includes(code)),
    ),
  );
  if (wish.regions !== undefined && wish.regionsOnly === true) return wished;
  const rest = present.filter((code) => !wished.includes(code));
  return [...wished, ...byDistance(wish.edge, rest)];
}
