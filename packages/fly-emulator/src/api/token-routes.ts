import type { FastifyInstance } from "fastify";
import type { AnyRequest, ApiContext } from "./context.ts";

/** What a token is good for. The other calls about tokens, all of Fly's own key management, are not there. */
export function tokenRoutes(server: FastifyInstance, { world, tokens }: ApiContext): void {
  server.get("/tokens/current", { config: { action: "token-current" } }, (request: AnyRequest) => {
    const app = tokens.check(request.headers.authorization)?.app ?? null;
    const org = app === null ? "personal" : (world.apps.get(app)?.org ?? "personal");
    const token = { token_id: "emulator", organization: org, org_slug: org, apps: app === null ? [] : [app], user: "" };
    return { tokens: [{ ...token, restricted_to_machine: "", source_machine_id: "" }] };
  });
}
