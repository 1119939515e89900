/** A running machine whose service may be stopped when it is not needed. */
export interface Stoppable {
  readonly id: string;
  readonly region: string;
  readonly load: number;
  readonly softLimit: number;
  /** `min_machines_running` of its service. */
  readonly minRunning: number;
}

/**
 * Which machine of an app one pass of autostop stops: at most one. For each region apart, with n machines running, those
 * that are not needed are n less those above their soft limit and one spare; the only one of a region stops when it has
 * nothing to do; `min_machines_running` counts in the primary region alone.
 * https://fly.io/docs/reference/fly-proxy-autostop-autostart/
 */
export function chooseToStop(machines: readonly Stoppable[], primaryRegion: string | undefined): string | null {
  for (const region of new Set(machines.map((each) => each.region))) {
    const here = machines.filter((each) => each.region === region);
    const least = [...here].sort((a, b) => a.load - b.load)[0] as Stoppable;
    const kept = region === primaryRegion ? Math.max(0, ...here.map((each) => each.minRunning)) : 0;
    if (here.length <= kept) continue;
    const busy = here.filter((each) => each.load >= each.softLimit).length;
    const excess = here.length === 1 ? (least.load === 0 ? 1 : 0) : here.length - (busy + 1);
    if (excess >= 1) return least.id;
  }
  return null;
}
