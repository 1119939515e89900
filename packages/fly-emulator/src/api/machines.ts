import type { FastifyInstance } from "fastify";
import { checkedConfig } from "../world/check-config.ts";
import { bindVolumes, createMachine } from "../world/create-machine.ts";
import type { Machine } from "../world/machine.ts";
import { Refusal, badRequest, notFound } from "../world/refusal.ts";
import { type AnyRequest, type ApiContext, appOf, bodyObject, machineOf, query } from "./context.ts";
import { checkLease, takeLease } from "./leases.ts";
import { machineView } from "./views.ts";

interface LaunchBody {
  name?: string;
  region?: string;
  config?: unknown;
  skip_launch?: boolean;
  skip_service_registration?: boolean;
  skip_secrets?: boolean;
  lease_ttl?: number;
  current_version?: string;
}

export function machineRoutes(server: FastifyInstance, context: ApiContext): void {
  const { world } = context;

  server.get("/apps/:app/machines", { config: { action: "list" } }, (request: AnyRequest) => {
    const app = appOf(context, request);
    const stale = world.faults.strike("stale-list", { app }, "list");
    const asOf = stale === null ? Infinity : world.clock.now() - (stale.ms ?? 1000);
    return [...app.machines.values()]
      .filter((machine) => listed(machine, request, asOf))
      .map((machine) => ({
        ...machineView(machine),
        // What changed since is not known to a stale list.
        ...(machine.updatedAt > asOf ? { state: machine.state === "destroyed" ? "started" : "created" } : {}),
      }));
  });

  server.post("/apps/:app/machines", { config: { action: "create" } }, (request: AnyRequest) => {
    const app = appOf(context, request);
    const body = bodyObject(request, "main.createMachineRequest") as LaunchBody;
    const machine = createMachine(world, app, {
      name: body.name === "" ? undefined : body.name,
      region: body.region === "" ? undefined : body.region,
      config: body.config,
      skipLaunch: body.skip_launch === true,
      cordoned: body.skip_service_registration === true,
      skipSecrets: body.skip_secrets === true,
    });
    return withLease(machine, body);
  });

  server.get("/apps/:app/machines/:machine", { config: { action: "get" } }, (request: AnyRequest) =>
    machineView(machineOf(context, request)),
  );

  server.post("/apps/:app/machines/:machine", { config: { action: "update" } }, (request: AnyRequest) => {
    const machine = machineOf(context, request);
    checkLease(world, machine, request);
    const body = bodyObject(request, "main.updateMachineRequest") as LaunchBody;
    if (body.name !== undefined && body.name !== "" && body.name !== machine.name)
      throw badRequest("the name of a machine cannot be changed");
    if (body.region !== undefined && body.region !== "" && body.region !== machine.region)
      throw badRequest("the region of a machine cannot be changed");
    if (
      body.current_version !== undefined &&
      body.current_version !== "" &&
      body.current_version !== machine.instanceId
    )
      throw new Refusal(409, `aborted: current version is ${machine.instanceId}, not ${body.current_version}`);
    if (machine.state === "destroyed") throw notFound("machine");
    machine.life.checkUpdatable();
    const config = checkedConfig(body.config);
    const image = world.images.find(config.image);
    const previous = machine.state;
    machine.replaceConfig(config, image);
    machine.skipSecrets = body.skip_secrets === true;
    bindVolumes(machine);
    machine.life.update(previous, body.skip_launch === true);
    return withLease(machine, body);
  });

  server.delete("/apps/:app/machines/:machine", { config: { action: "delete" } }, (request: AnyRequest) => {
    const machine = machineOf(context, request);
    checkLease(world, machine, request);
    // The document says `force`; Fly's own client and others send `kill`.
    machine.life.destroy(query(request, "force") === "true" || query(request, "kill") === "true");
    return { ok: true };
  });

  function withLease(machine: Machine, { lease_ttl: ttl }: LaunchBody): Record<string, unknown> {
    if (ttl === undefined || ttl <= 0) return machineView(machine);
    return { ...machineView(machine), nonce: takeLease(world, machine, { ttl }).nonce };
  }
}

function listed(machine: Machine, request: AnyRequest, asOf: number): boolean {
  if (machine.createdAt > asOf) return false;
  const seenAlive = machine.updatedAt > asOf;
  if (machine.state === "destroyed" && !seenAlive && query(request, "include_deleted") !== "true") return false;
  const region = query(request, "region");
  if (region !== undefined && region !== "" && region !== machine.region) return false;
  const states = query(request, "state");
  if (states !== undefined && states !== "" && !states.split(",").includes(machine.state)) return false;
  return Object.keys(request.query)
    .filter((name) => name.startsWith("metadata."))
    .every((name) => (machine.config.metadata ?? {})[name.slice("metadata.".length)] === query(request, name));
}
