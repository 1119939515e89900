/** Which part of the world a region lies in, as Fly's aliases name them; `af` has no alias of its own. */
export type Area = "apac" | "eu" | "na" | "sa" | "af";

/** A place where Fly runs machines. */
export interface Region {
  /** Three letters: `ams`. */
  readonly code: string;
  readonly city: string;
  /** Degrees, north and east positive. */
  readonly latitude: number;
  readonly longitude: number;
  readonly area: Area;
  /** Whether the alias `us` means it. */
  readonly us: boolean;
}

function region(code: string, city: string, latitude: number, longitude: number, area: Area, us = false): Region {
  return { code, city, latitude, longitude, area, us };
}

/**
 * The regions that Fly offers, in the order of their codes. Codes and cities: https://fly.io/docs/reference/regions/;
 * coordinates: Fly's GraphQL API, 2024-05.
 */
export const REGIONS: readonly Region[] = [
  region("ams", "Amsterdam", 52.3743, 4.8954, "eu"),
  region("arn", "Stockholm", 59.6512, 17.9178, "eu"),
  region("bom", "Mumbai", 19.0974, 72.8742, "apac"),
  region("cdg", "Paris", 48.8609, 2.3535, "eu"),
  region("dfw", "Dallas", 32.7783, -96.7984, "na", true),
  region("ewr", "Secaucus", 40.7895, -74.0565, "na", true),
  region("fra", "Frankfurt", 50.1167, 8.6833, "eu"),
  region("gru", "São Paulo", -23.5497, -46.6544, "sa"),
  region("iad", "Ashburn", 39.0221, -77.4626, "na", true),
  region("jnb", "Johannesburg", -26.1363, 28.203, "af"),
  region("lax", "Los Angeles", 33.9416, -118.4085, "na", true),
  region("lhr", "London", 51.5164, -0.1257, "eu"),
  region("nrt", "Tokyo", 35.6216, 139.7419, "apac"),
  region("ord", "Chicago", 41.8915, -87.6304, "na", true),
  region("sin", "Singapore", 1.3, 103.8, "apac"),
  region("sjc", "San Jose", 37.3516, -121.8967, "na", true),
  region("syd", "Sydney", -33.866, 151.2069, "apac"),
  region("yyz", "Toronto", 43.6446, -79.3842, "na"),
];

const BY_CODE: ReadonlyMap<string, Region> = new Map(REGIONS.map((each) => [each.code, each]));

/** The region of that code, or undefined. */
export function findRegion(code: string): Region | undefined {
  return BY_CODE.get(code);
}
