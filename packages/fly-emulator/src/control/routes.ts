import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Readable } from "node:stream";
import { parseFault } from "../faults/parse-fault.ts";
import type { Tokens } from "../api/tokens.ts";
import { type Image, type ImageSpec, refOf } from "../world/images.ts";
import type { LogLine } from "../world/logs.ts";
import { Refusal, badRequest, notFound } from "../world/refusal.ts";
import type { World } from "../world/world.ts";

type Query = Record<string, string | undefined>;

/**
 * What Fly has no call for, below `/_emulator`: images, logs, what there is, faults. A token is asked for here too, since
 * who can register an image can run any command; a page, which can send no headers with its event stream, may give it as
 * `?token=`.
 */
export function controlRoutes(server: FastifyInstance, { world, tokens }: { world: World; tokens: Tokens }): void {
  server.addHook("onRequest", async (request) => {
    const header = request.headers.authorization ?? (request.query as Query)["token"];
    if (tokens.check(header)?.app !== null) throw new Refusal(401, "give the token that `flamelet-fly up` printed");
  });

  server.get("/state", () => ({
    region: world.homeRegion,
    apps: [...world.apps.values()].map((app) => ({
      name: app.name,
      org: app.org,
      network: app.network,
      machines: app.living.map((machine) => ({
        id: machine.id,
        name: machine.name,
        state: machine.state,
        region: machine.region,
        private_ip: machine.privateIp,
        pid: machine.life.pid,
        image: refOf(machine.image),
        cordoned: machine.cordoned,
        host_status: machine.hostStatus,
        metadata: machine.config.metadata ?? {},
        created_at: new Date(machine.createdAt).toISOString(),
        updated_at: new Date(machine.updatedAt).toISOString(),
      })),
    })),
    images: world.images.list().map(imageView),
    faults: world.faults.list(),
  }));

  server.get("/images", () => world.images.list().map(imageView));

  server.post("/images", (request) => {
    const { ref, ...spec } = (request.body ?? {}) as { ref?: unknown } & Record<string, unknown>;
    if (typeof ref !== "string") throw badRequest("ref of an image must be a text, such as registry.fly.io/app:latest");
    return imageView(world.images.register(ref, checkedImage(spec)));
  });

  server.get("/faults", () => world.faults.list());
  server.post("/faults", (request) => world.faults.add(parseFault(request.body)));
  server.delete("/faults", (_request, reply) => {
    world.faults.clear();
    return reply.code(204).send();
  });
  server.delete("/faults/:id", (request, reply) => {
    if (!world.faults.remove((request.params as { id: string }).id)) throw notFound("fault");
    return reply.code(204).send();
  });

  server.get("/logs", (request, reply) => logs(world, request, reply));
}

/** Lines of JSON: what is there, and with `follow=true` also what comes, until the reader goes. */
function logs(world: World, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { app, machine, limit, follow } = request.query as Query;
  const most = limit === undefined ? 1000 : Number(limit);
  if (!Number.isInteger(most) || most < 0) throw badRequest(`invalid limit: ${limit}`);
  const wanted = { ...(app === undefined ? {} : { app }), ...(machine === undefined ? {} : { machine }) };
  reply.type("application/x-ndjson");
  const lines = new Readable({ read() {} });
  for (const line of most === 0 ? [] : world.logs.find({ ...wanted, limit: most }))
    lines.push(`${JSON.stringify(line)}\n`);
  if (follow !== "true") lines.push(null);
  else {
    const tell = (line: LogLine): void => {
      if ((app ?? line.app) !== line.app || (machine ?? line.machine) !== line.machine) return;
      lines.push(`${JSON.stringify(line)}\n`);
    };
    world.events.on("log", tell);
    lines.once("close", () => world.events.off("log", tell));
  }
  return reply.send(lines);
}

function checkedImage(spec: Record<string, unknown>): ImageSpec {
  const { folder, command, env, ...rest } = spec;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw badRequest(`an image has no "${unknown}"; it has ref, folder, command, env`);
  if (folder !== undefined && typeof folder !== "string") throw badRequest("folder of an image must be a path");
  if (command !== undefined && !(Array.isArray(command) && command.every((word) => typeof word === "string")))
    throw badRequest("command of an image must be a list of words");
  if (
    env !== undefined &&
    (typeof env !== "object" || env === null || Object.values(env).some((v) => typeof v !== "string"))
  )
    throw badRequest("env of an image must hold texts only");
  return spec as ImageSpec;
}

function imageView(image: Image): Record<string, unknown> {
  const { digest, folder, command, env } = image;
  return { ref: refOf(image), digest, folder, command, env };
}
