import fastify, { type FastifyInstance } from "fastify";
import type { Owner } from "../database/ownership.ts";
import { VideoError } from "../video-error.ts";
import { reportErrors } from "./errors.ts";
import { liveRoutes } from "./live-routes.ts";
import { pageRoutes } from "./page-routes.ts";
import { uploadRoutes } from "./upload-routes.ts";
import { videoRoutes } from "./video-routes.ts";

/** The web server: the page and the API. It does not listen yet. */
export async function createServer(owner: Owner): Promise<FastifyInstance> {
  // Event streams never end by themselves, so closing has to cut them off. An upload may take as long as it takes.
  const app = fastify({ forceCloseConnections: true, requestTimeout: 0, routerOptions: { maxParamLength: 100 } });
  reportErrors(app);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-content-type-options", "nosniff");
    // Pages of other sites can send us simple requests, though they cannot read the answers.
    const { origin, host } = request.headers;
    if (origin !== undefined && request.method !== "GET" && !sameHost(origin, host)) {
      throw new VideoError("forbidden", "This request comes from another site.");
    }
  });
  await app.register(uploadRoutes(owner));
  await app.register(videoRoutes(owner));
  await app.register(liveRoutes);
  await app.register(pageRoutes);
  return app;
}

function sameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}
