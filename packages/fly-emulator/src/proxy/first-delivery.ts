import type { IncomingHttpHeaders } from "node:http";
import { parseRegionPreference, type RegionPreference } from "../regions/preference.ts";
import { text } from "./headers.ts";
import type { RouteWish } from "./route.ts";

/**
 * What a client's headers ask of the machine: https://fly.io/docs/networking/dynamic-request-routing/#alternative-routing-headers.
 * A list of regions that makes no sense is as none, since a client cannot be told.
 */
export function clientWish(headers: IncomingHttpHeaders, edge: string): RouteWish {
  const forced = regions(headers["fly-force-region"]);
  return {
    edge,
    instance: text(headers["fly-force-instance-id"]),
    preferInstance: text(headers["fly-prefer-instance-id"]),
    regions: forced ?? regions(headers["fly-prefer-region"]),
    regionsOnly: forced !== undefined,
  };
}

function regions(header: string | string[] | undefined): RegionPreference | undefined {
  if (header === undefined) return undefined;
  try {
    return parseRegionPreference(text(header) as string);
  } catch {
    return undefined;
  }
}
