import { findRegion, REGIONS, type Region } from "./table.ts";

const EARTH_RADIUS_KM = 6371;
/** Light in glass goes at about two thirds of its speed in the void. */
const KM_PER_MS = 200;
/** Cables do not follow the great circle; half as long again is what measured round trips between data centres come to. */
const DETOUR = 1.5;
/** What routers cost, each way. */
const FIXED_MS = 0.5;

/** Kilometres between two points, along the great circle. */
export function distanceKm(
  a: Pick<Region, "latitude" | "longitude">,
  b: Pick<Region, "latitude" | "longitude">,
): number {
  const rad = Math.PI / 180;
  const dLat = ((b.latitude - a.latitude) * rad) / 2;
  const dLon = ((b.longitude - a.longitude) * rad) / 2;
  const h = Math.sin(dLat) ** 2 + Math.cos(a.latitude * rad) * Math.cos(b.latitude * rad) * Math.sin(dLon) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

/**
 * Milliseconds that a byte needs from one region to the other, one way: a model, not a measurement. 0 within a region.
 * A region that is not in the table counts as on the far side of the earth, so that it never looks close.
 */
export function oneWayMs(from: string, to: string): number {
  if (from === to) return 0;
  const a = findRegion(from);
  const b = findRegion(to);
  const km = a === undefined || b === undefined ? Math.PI * EARTH_RADIUS_KM : distanceKm(a, b);
  return (km / KM_PER_MS) * DETOUR + FIXED_MS;
}

/** The codes, closest to `from` first; equally close ones stay in their order. */
export function byDistance(from: string, codes: readonly string[]): string[] {
  return [...codes].sort((a, b) => oneWayMs(from, a) - oneWayMs(from, b));
}

/** The code of the region of the table that is closest to a point. */
export function closestTo(point: Pick<Region, "latitude" | "longitude">): string {
  let best = REGIONS[0] as Region;
  for (const each of REGIONS) if (distanceKm(each, point) < distanceKm(best, point)) best = each;
  return best.code;
}
