import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { badRequest, notFound } from "../world/refusal.ts";
import { type AnyRequest, type ApiContext, appOf, bodyObject } from "./context.ts";

const TYPES = ["v4", "v6", "shared_v4", "private_v6"];

/** Public and Flycast addresses of apps. They are only kept: traffic comes in through the emulator's proxy. */
export function addressRoutes(server: FastifyInstance, context: ApiContext): void {
  const { world } = context;
  const path = "/apps/:app/ip_assignments";

  server.get(path, { config: { action: "ip-list" } }, (request: AnyRequest) => ({
    ips: [...appOf(context, request).ips.values()],
  }));

  server.post(path, { config: { action: "ip-assign" } }, (request: AnyRequest) => {
    const app = appOf(context, request);
    const { type, region = "global", network, service_name = "" } = bodyObject(request, "main.assignIPRequest");
    if (typeof type !== "string" || !TYPES.includes(type)) throw badRequest(`invalid type: ${JSON.stringify(type)}`);
    if (network !== undefined && network !== "" && ![...world.apps.values()].some((other) => other.network === network))
      throw badRequest("network not found");
    const ip = addressOf(type, app.number);
    const created_at = new Date(world.clock.now()).toISOString();
    const assignment = {
      ip,
      region: String(region),
      created_at,
      shared: type === "shared_v4",
      service_name: String(service_name),
    };
    app.ips.set(ip, assignment);
    return assignment;
  });

  server.delete(`${path}/:ip`, { config: { action: "ip-release" } }, (request: AnyRequest, reply) => {
    if (!appOf(context, request).ips.delete(request.params["ip"] ?? "")) throw notFound("ip address");
    return reply.code(204).send();
  });
}

/** From the ranges that are for documentation, or, for Flycast, from Fly's private one. */
function addressOf(type: string, number: number): string {
  const hex = (bytes: number): string => randomBytes(bytes).toString("hex");
  if (type === "shared_v4") return "198.51.100.1";
  if (type === "v4") return `203.0.113.${1 + (number % 254)}`;
  return `${type === "v6" ? "2001:db8" : "fdaa:0"}:${hex(2)}:0:1::${hex(1)}`;
}
