import type { FastifyInstance } from "fastify";
import type { AppSecret } from "../world/app.ts";
import { badRequest, notFound } from "../world/refusal.ts";
import { type AnyRequest, type ApiContext, appOf, bodyObject, query } from "./context.ts";

/** The secrets of an app, which its machines get as environment variables at their next boot. */
export function secretRoutes(server: FastifyInstance, context: ApiContext): void {
  const { world } = context;
  const shown = (request: AnyRequest): boolean => query(request, "show_secrets") === "true";

  server.get("/apps/:app/secrets", { config: { action: "secret-list" } }, (request: AnyRequest) => {
    const secrets = [...appOf(context, request).secrets.values()];
    return { secrets: secrets.map((secret) => view(secret, shown(request))) };
  });

  server.post("/apps/:app/secrets", { config: { action: "secret-update" } }, (request: AnyRequest) => {
    const app = appOf(context, request);
    const { values } = bodyObject(request, "main.appSecretsUpdateRequest");
    if (typeof values !== "object" || values === null) throw badRequest("values is required");
    for (const [name, value] of Object.entries(values)) {
      if (value === null) app.secrets.delete(name);
      else if (typeof value === "string") app.setSecret(name, value, world.clock.now());
      else throw badRequest(`the value of secret "${name}" must be a string or null`);
    }
    const secrets = [...app.secrets.values()].map((secret) => view(secret, false));
    return { secrets, version: app.secretsVersion, Version: app.secretsVersion };
  });

  server.get("/apps/:app/secrets/:name", { config: { action: "secret-get" } }, (request: AnyRequest) => {
    const secret = appOf(context, request).secrets.get(request.params["name"] ?? "");
    if (secret === undefined) throw notFound("secret");
    return view(secret, shown(request));
  });

  server.post("/apps/:app/secrets/:name", { config: { action: "secret-set" } }, (request: AnyRequest, reply) => {
    const app = appOf(context, request);
    const { value } = bodyObject(request, "main.setAppSecretRequest");
    if (typeof value !== "string") throw badRequest("value is required");
    const secret = app.setSecret(request.params["name"] ?? "", value, world.clock.now());
    return reply.code(201).send({ ...view(secret, false), version: app.secretsVersion, Version: app.secretsVersion });
  });

  server.delete("/apps/:app/secrets/:name", { config: { action: "secret-delete" } }, (request: AnyRequest) => {
    const app = appOf(context, request);
    app.deleteSecret(request.params["name"] ?? "");
    return { version: app.secretsVersion, Version: app.secretsVersion };
  });
}

function view({ name, digest, value, createdAt, updatedAt }: AppSecret, show: boolean): Record<string, unknown> {
  return { name, digest, created_at: createdAt, updated_at: updatedAt, ...(show ? { value } : {}) };
}
