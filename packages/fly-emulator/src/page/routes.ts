import { readFileSync } from "node:fs";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Tokens } from "../api/tokens.ts";
import type { FlyProxy } from "../proxy/proxy.ts";
import { REGIONS } from "../regions/table.ts";
import { Refusal } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import { PageFeed } from "./feed.ts";

export interface PageContext {
  readonly world: World;
  readonly tokens: Tokens;
  readonly proxy: FlyProxy;
}

/** The files of the page, and what they are. Nothing else below `web` is served. */
const FILES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "style.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
  "main.js": "text/javascript; charset=utf-8",
  "feed.js": "text/javascript; charset=utf-8",
  "machines.js": "text/javascript; charset=utf-8",
  "map.js": "text/javascript; charset=utf-8",
  "land.js": "text/javascript; charset=utf-8",
  "requests.js": "text/javascript; charset=utf-8",
  "faults.js": "text/javascript; charset=utf-8",
  "element.js": "text/javascript; charset=utf-8",
};

const WEB = new URL("../../web/", import.meta.url);

/**
 * The page, below `/ui/`, and what it shows, as a stream of events at `/events`. The files say nothing of this emulator and
 * need no token; the page has it behind the `#` of its address, which browsers keep to themselves.
 */
export function pageRoutes(server: FastifyInstance, context: PageContext): void {
  const { tokens } = context;
  server.get("/ui", (_request, reply) => reply.redirect("/_emulator/ui/"));
  server.get("/ui/", (_request, reply) => reply.type(FILES["index.html"] as string).send(file("index.html")));
  server.get<{ Params: { file: string } }>("/ui/:file", (request, reply) => {
    const { file: name } = request.params;
    if (!Object.hasOwn(FILES, name)) return reply.code(404).type("text/plain").send("404 page not found");
    return reply.type(FILES[name] as string).send(file(name));
  });
  server.get("/regions", () => REGIONS);
  server.get("/events", (request, reply) => {
    if (tokens.check(tokenOf(request))?.app !== null) {
      throw new Refusal(401, "give the token that `flamelet-fly up` printed");
    }
    reply.hijack();
    reply.raw.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // Some proxies in front would wait for more.
      "x-accel-buffering": "no",
    });
    const feed = new PageFeed(context, reply.raw);
    reply.raw.on("close", () => feed.close());
  });
}

/** An `EventSource` can send no headers. */
function tokenOf(request: FastifyRequest): string | undefined {
  return request.headers.authorization ?? (request.query as { token?: string }).token;
}

function file(name: string): Buffer {
  return readFileSync(new URL(name, WEB));
}
