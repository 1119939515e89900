import type { FastifyInstance } from "fastify";
import { Refusal, badRequest } from "../world/refusal.ts";
import { type AnyRequest, type ApiContext, appOf, bodyObject, query } from "./context.ts";
import { appView } from "./views.ts";

export function appRoutes(server: FastifyInstance, context: ApiContext): void {
  const { world, tokens } = context;

  server.get("/apps", { config: { action: "app-list" } }, (request: AnyRequest) => {
    const org = query(request, "org_slug");
    if (org === undefined || org === "") throw badRequest("org_slug is required");
    const apps = [...world.apps.values()].filter((app) => app.org === org).map(appView);
    return { total_apps: apps.length, apps };
  });

  server.post("/apps", { config: { action: "app-create" } }, (request: AnyRequest, reply) => {
    const body = bodyObject(request, "main.createAppRequest") as Partial<Record<string, string>>;
    const { org_slug: org, network } = body;
    // The OpenAPI document says `name`, Fly's guides say `app_name`: both are taken.
    const name = body["name"] ?? body["app_name"];
    if (org === undefined || org === "") throw badRequest("org_slug is required");
    if (name === undefined || name === "") throw new Refusal(422, "Validation failed: Name can't be blank");
    const app = world.createApp({ name, org, ...(network === undefined ? {} : { network }) });
    reply.header("set-cookie", `fly_flaps_affinity=${app.id}; Path=/v1/apps/${app.name}; HttpOnly`);
    const view = query(request, "wait") === "true" ? appView(app) : { id: app.id };
    return reply.code(201).send({ ...view, created_at: app.createdAt });
  });

  server.get("/apps/:app", { config: { action: "app-get" } }, (request: AnyRequest) =>
    appView(appOf(context, request)),
  );

  server.delete("/apps/:app", { config: { action: "app-delete" } }, (request: AnyRequest, reply) => {
    void world.deleteApp(appOf(context, request));
    return reply.code(202).send();
  });

  server.post("/apps/:app/deploy_token", { config: { action: "app-deploy-token" } }, (request: AnyRequest) => {
    return { token: tokens.issue(appOf(context, request).name) };
  });
}
