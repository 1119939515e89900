import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { ulid } from "../world/ids.ts";
import { Refusal } from "../world/refusal.ts";
import { addressRoutes } from "./addresses.ts";
import { appRoutes } from "./apps.ts";
import type { ApiContext } from "./context.ts";
import { gate } from "./gate.ts";
import { insideRoutes } from "./inside.ts";
import { LeaseRefusal, leaseRoutes } from "./leases.ts";
import { machineRoutes } from "./machines.ts";
import { metadataRoutes } from "./metadata.ts";
import { platformRoutes } from "./platform.ts";
import type { RateLimiter } from "./rate-limit.ts";
import { actionRoutes } from "./machine-actions.ts";
import { secretRoutes } from "./secrets.ts";
import { tokenRoutes } from "./token-routes.ts";
import { volumeRoutes } from "./volumes.ts";

const ROUTES = [
  appRoutes,
  machineRoutes,
  actionRoutes,
  insideRoutes,
  leaseRoutes,
  metadataRoutes,
  volumeRoutes,
  secretRoutes,
  addressRoutes,
  platformRoutes,
  tokenRoutes,
];

/** The Machines API on HTTP: https://fly.io/docs/machines/api/ */
export function machinesApi(context: ApiContext, limiter: RateLimiter | null): FastifyInstance {
  const { world } = context;
  const server = Fastify({ forceCloseConnections: true, bodyLimit: 10 * 1024 * 1024, exposeHeadRoutes: false });
  // Fly takes an absent body for an empty one, whatever the content type says.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    if (body === "") return done(null, undefined);
    try {
      done(null, JSON.parse(body as string));
    } catch (error) {
      done(new Refusal(400, `invalid JSON in the request body: ${(error as Error).message}`));
    }
  });
  server.setNotFoundHandler((_request, reply) => reply.code(404).type("text/plain").send("404 page not found\n"));
  const refusals = new WeakMap<FastifyRequest, string>();
  server.setErrorHandler((error, request, reply) => {
    refusals.set(request, (error as Error).message);
    if (error instanceof LeaseRefusal)
      return reply.code(error.status).send({ status: "error", message: error.message, code: error.code });
    if (error instanceof Refusal) {
      const status = error.code === undefined ? {} : { status: error.code };
      return reply.code(error.status).send({ error: error.message, ...status });
    }
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status >= 500)
      process.emitWarning(`${request.method} ${request.url}: ${(error as Error).stack}`, "FlyEmulator");
    return reply.code(status).send({ error: (error as Error).message });
  });
  server.addHook("onRequest", async (_request, reply) => {
    reply.header("fly-request-id", `${ulid(world.clock.now())}-local`);
  });
  server.register(
    async (v1) => {
      gate(v1, context, limiter);
      v1.addHook("onResponse", async (request, reply) => {
        const error = refusals.get(request);
        world.events.emit("call", {
          method: request.method,
          path: request.url,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime),
          ...(error === undefined ? {} : { error }),
        });
      });
      for (const routes of ROUTES) routes(v1, context);
    },
    { prefix: "/v1" },
  );
  return server;
}
