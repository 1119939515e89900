import type { FastifyInstance } from "fastify";
import type { Machine } from "../world/machine.ts";
import { badRequest, failedPrecondition, notFound } from "../world/refusal.ts";
import { type AnyRequest, type ApiContext, bodyObject, machineOf } from "./context.ts";

/** Metadata makes no new version and asks for no lease. */
export function metadataRoutes(server: FastifyInstance, context: ApiContext): void {
  const path = "/apps/:app/machines/:machine/metadata";
  const change = (machine: Machine, metadata: Record<string, string>): void => {
    machine.config = { ...machine.config, metadata };
    machine.become(machine.state);
  };

  server.get(path, { config: { action: "metadata-get" } }, (request: AnyRequest) => {
    return machineOf(context, request).config.metadata ?? {};
  });

  for (const method of ["PUT", "PATCH"] as const) {
    const config = { action: method === "PUT" ? "metadata-put" : "metadata-patch" };
    server.route({
      method,
      url: path,
      config,
      handler(request: AnyRequest, reply) {
        const machine = machineOf(context, request);
        const body = bodyObject(request, "main.updateMetadataRequest");
        const { metadata, machine_version: version } = body as { metadata?: unknown; machine_version?: string };
        if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
          throw badRequest("metadata is required");
        if (version !== undefined && version !== "" && version !== machine.instanceId)
          throw failedPrecondition(`machine version mismatch: expected ${version}, got ${machine.instanceId}`);
        change(machine, merged(method === "PUT" ? {} : (machine.config.metadata ?? {}), metadata));
        return reply.code(204).send();
      },
    });
  }

  server.get(`${path}/:key`, { config: { action: "metadata-key-get" } }, (request: AnyRequest) => {
    const value = machineOf(context, request).config.metadata?.[request.params["key"] ?? ""];
    if (value === undefined) throw notFound("metadata key");
    return { value };
  });

  server.post(`${path}/:key`, { config: { action: "metadata-key-post" } }, (request: AnyRequest, reply) => {
    const machine = machineOf(context, request);
    const { value } = bodyObject(request, "main.upsertMetadataKeyRequest");
    change(machine, merged(machine.config.metadata ?? {}, { [request.params["key"] ?? ""]: value }));
    return reply.code(204).send();
  });

  server.delete(`${path}/:key`, { config: { action: "metadata-key-delete" } }, (request: AnyRequest, reply) => {
    const machine = machineOf(context, request);
    change(machine, merged(machine.config.metadata ?? {}, { [request.params["key"] ?? ""]: null }));
    return reply.code(204).send();
  });
}

/** Null and the empty string delete a key. */
function merged(old: Record<string, string>, changes: object): Record<string, string> {
  const result = { ...old };
  for (const [key, value] of Object.entries(changes) as [string, unknown][]) {
    if (value === null || value === undefined || value === "") delete result[key];
    else if (typeof value === "string") result[key] = value;
    else throw badRequest(`metadata: the value of "${key}" must be a string`);
  }
  return result;
}
