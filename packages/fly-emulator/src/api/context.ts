import type { FastifyReply, FastifyRequest } from "fastify";
import type { App } from "../world/app.ts";
import type { Machine } from "../world/machine.ts";
import { Refusal } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import type { Tokens } from "./tokens.ts";

/** What the routes share. */
export interface ApiContext {
  readonly world: World;
  readonly tokens: Tokens;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** The action that rate limits and faults know this call by. */
    action?: string;
  }
}

/** A request with whatever its path, query and body hold; each route checks what it needs. */
export type AnyRequest = FastifyRequest<{
  Params: Record<string, string | undefined>;
  Querystring: Record<string, string | string[] | undefined>;
  Body: unknown;
}>;

export type Handler = (request: AnyRequest, reply: FastifyReply) => unknown;

/** The app that the path names. */
export function appOf({ world }: ApiContext, request: AnyRequest): App {
  return world.app(request.params["app"] ?? "");
}

/** The machine that the path names. */
export function machineOf(context: ApiContext, request: AnyRequest): Machine {
  return appOf(context, request).machine(request.params["machine"] ?? "");
}

/** A parameter of the query; the last one where there are several. */
export function query(request: AnyRequest, name: string): string | undefined {
  const value = request.query[name];
  return Array.isArray(value) ? value.at(-1) : value;
}

/** The body, which must be an object or absent. `type` is the Go type that Fly's message names. */
export function bodyObject(request: AnyRequest, type: string): Record<string, unknown> {
  const { body } = request;
  if (body === undefined || body === null) return {};
  if (typeof body === "object" && !Array.isArray(body)) return body as Record<string, unknown>;
  const kind = Array.isArray(body) ? "array" : typeof body;
  throw new Refusal(400, `json: cannot unmarshal ${kind} into Go value of type ${type}`);
}
