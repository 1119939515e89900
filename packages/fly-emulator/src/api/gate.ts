import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Fault, FaultKind, Target } from "../faults/faults.ts";
import { Refusal } from "../world/refusal.ts";
import type { AnyRequest, ApiContext } from "./context.ts";
import { speakerOf } from "./local-socket.ts";
import type { RateLimiter } from "./rate-limit.ts";

/** What every call passes before its route: the token, the rate limit, and the faults that are about calls. */
export function gate(server: FastifyInstance, { world, tokens }: ApiContext, limiter: RateLimiter | null): void {
  const lost = new WeakSet<FastifyRequest>();

  server.addHook("preHandler", async (untyped) => {
    const request = untyped as AnyRequest;
    authorize(request);
    const { action } = request.routeOptions.config;
    if (action === undefined) return;
    const strikes = (kind: FaultKind): Fault | null => world.faults.strike(kind, targetOf(request), action);
    const slow = strikes("slow");
    if (slow !== null) await new Promise<void>((resolve) => world.clock.setTimer(slow.ms ?? 1000, resolve));
    const subject = request.params["machine"] ?? request.params["app"];
    if ((limiter !== null && subject !== undefined && !limiter.take(action, subject)) || strikes("rate-limit") !== null)
      throw new Refusal(429, "rate limit exceeded");
    const error = strikes("error");
    if (error !== null) throw new Refusal(error.status ?? 503, `fault ${error.id}: ${error.status ?? 503} on demand`);
    if (strikes("lost-reply") !== null) lost.add(request);
  });

  // The call was done; whoever made it does not hear of that.
  server.addHook("onSend", async (request) => {
    if (lost.has(request)) request.raw.socket.destroy();
  });

  function authorize(request: AnyRequest): void {
    const { app, machine } = request.params;
    const speaker = speakerOf(request.raw.socket);
    if (speaker !== undefined && speaker.app.name === app && speaker.id === machine) return;
    const scope = tokens.check(request.headers.authorization);
    if (scope === null) throw new Refusal(401, "Authenticate: token validation error");
    // A token of one app may still ask about itself, and about Fly.
    const anybody = /^\/v1\/(tokens|platform)\//.test(request.url);
    if (scope.app !== null && scope.app !== app && !anybody) throw new Refusal(403, "unauthorized");
  }

  function targetOf(request: AnyRequest): Target {
    const app = request.params["app"] === undefined ? undefined : { name: request.params["app"] };
    const id = request.params["machine"];
    const machine = id === undefined ? undefined : world.apps.get(app?.name ?? "")?.machines.get(id);
    const wanted = (request.body as { region?: string } | null | undefined)?.region;
    return { app, id, region: machine?.region ?? wanted };
  }
}
