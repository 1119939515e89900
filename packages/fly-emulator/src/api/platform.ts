import type { FastifyInstance } from "fastify";
import { parseRegionPreference } from "../regions/preference.ts";
import { REGIONS } from "../regions/table.ts";
import { badRequest } from "../world/refusal.ts";
import type { MachineConfig } from "../world/machine-config.ts";
import { wantsGpu } from "../world/check-config.ts";
import { type AnyRequest, type ApiContext, bodyObject, query } from "./context.ts";
import { machineView, volumeView } from "./views.ts";

/** Regions, where there is room, and what an organisation has in all its apps. */
export function platformRoutes(server: FastifyInstance, { world }: ApiContext): void {
  server.get("/platform/regions", { config: { action: "regions" } }, () => ({
    // In capitals on the wire, whatever the document says.
    Regions: REGIONS.map(({ code, city, latitude, longitude, area }) => ({
      code,
      name: city,
      latitude,
      longitude,
      gateway_available: code !== "gru" && code !== "jnb",
      requires_paid_plan: false,
      deprecated: false,
      geo_region: area,
    })),
    Nearest: world.homeRegion,
  }));

  server.post("/platform/placements", { config: { action: "placements" } }, (request: AnyRequest) => {
    const body = bodyObject(request, "main.getPlacementsRequest");
    if (typeof body["org_slug"] !== "string" || body["org_slug"] === "") throw badRequest("org_slug is required");
    const wanted = typeof body["region"] === "string" && body["region"] !== "" ? body["region"] : "any";
    const count = typeof body["count"] === "number" && body["count"] > 0 ? body["count"] : 1;
    let codes: string[];
    try {
      codes = parseRegionPreference(wanted).flat();
    } catch (error) {
      throw badRequest(`invalid region: ${(error as Error).message}`);
    }
    const full = (region: string): boolean =>
      wantsGpu({ image: "", guest: body["compute"] as MachineConfig["guest"] } as MachineConfig) ||
      world.faults.list().some(({ kind, region: where }) => kind === "no-capacity" && (where ?? region) === region);
    const regions = codes.filter((region) => !full(region));
    return { Regions: regions.map((region) => ({ Region: region, Count: count, Concurrency: 1 })) };
  });

  server.get("/orgs/:org/machines", { config: { action: "org-machine-list" } }, (request: AnyRequest) => {
    const machines = [...world.apps.values()]
      .filter((app) => app.org === request.params["org"])
      .flatMap((app) => [...app.machines.values()])
      .filter((machine) => machine.state !== "destroyed" || query(request, "include_deleted") === "true")
      .filter((machine) => wantedBy(request, machine.region, machine.state, machine.updatedAt))
      .sort((a, b) => a.updatedAt - b.updatedAt || (a.id < b.id ? -1 : 1));
    const { page, next } = paged(request, machines);
    return {
      machines: page.map((machine) => {
        const { id, name, state, region, instance_id, version, private_ip, created_at, updated_at } =
          machineView(machine);
        const { image, guest, metadata } = machine.config;
        const config = { image, guest, metadata: metadata ?? {} };
        return {
          app_name: machine.app.name,
          id,
          name,
          state,
          region,
          instance_id,
          version,
          private_ip,
          created_at,
          updated_at,
          config,
        };
      }),
      next_cursor: next,
      last_machine_id: page.at(-1)?.id ?? "",
      last_updated_at: page.length === 0 ? "" : new Date(page.at(-1)?.updatedAt ?? 0).toISOString(),
      error_regions: [],
    };
  });

  server.get("/orgs/:org/volumes", { config: { action: "org-volume-list" } }, (request: AnyRequest) => {
    const volumes = [...world.apps.values()]
      .filter((app) => app.org === request.params["org"])
      .flatMap((app) => [...app.volumes.values()].map((volume) => ({ app, ...volume })))
      .filter((volume) => volume.state !== "destroyed" || query(request, "include_deleted") === "true")
      .filter((volume) => wantedBy(request, volume.region, volume.state, volume.createdAt))
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    const { page, next } = paged(request, volumes);
    const at = (createdAt: number): string => new Date(createdAt).toISOString();
    return {
      volumes: page.map((volume) => ({
        ...volumeView(volume),
        app_name: volume.app.name,
        updated_at: at(volume.createdAt),
      })),
      next_cursor: next,
      last_volume_id: page.at(-1)?.id ?? "",
      last_updated_at: page.length === 0 ? "" : at(page.at(-1)?.createdAt ?? 0),
    };
  });
}

function wantedBy(request: AnyRequest, region: string, state: string, updatedAt: number): boolean {
  const after = query(request, "updated_after");
  const at = after === undefined ? -Infinity : Date.parse(after);
  if (Number.isNaN(at)) throw badRequest(`invalid updated_after: ${JSON.stringify(after)}`);
  const [regions, states] = [query(request, "region"), query(request, "state")];
  return (
    updatedAt > at &&
    (regions === undefined || regions === region) &&
    (states === undefined || states.split(",").includes(state))
  );
}

/** One page of a list; the cursor is the id of its last entry. */
function paged<T extends { readonly id: string }>(request: AnyRequest, all: readonly T[]): { page: T[]; next: string } {
  const limit = Number(query(request, "limit") ?? 1000);
  if (!Number.isInteger(limit) || limit < 1) throw badRequest(`invalid limit: ${query(request, "limit")}`);
  const cursor = query(request, "cursor") ?? "";
  const start = cursor === "" ? 0 : all.findIndex(({ id }) => id === cursor) + 1;
  const page = all.slice(start, start + Math.min(limit, 1000));
  return { page, next: start + page.length < all.length ? (page.at(-1)?.id ?? "") : "" };
}
