import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import type { Lease, Machine } from "../world/machine.ts";
import { Refusal } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import { type AnyRequest, type ApiContext, bodyObject, machineOf, query } from "./context.ts";

/** The header that shows who holds the lease. */
const NONCE = "fly-machine-lease-nonce";
const DEFAULT_TTL = 60;

/** Its lease, unless it has run out. */
export function currentLease(world: World, machine: Machine): Lease | null {
  if (machine.lease !== null && machine.lease.expiresAt <= world.clock.now()) machine.lease = null;
  return machine.lease;
}

/** Throws where somebody else holds the lease. To be called by whatever changes the machine. */
export function checkLease(world: World, machine: Machine, request: AnyRequest): void {
  // Fly's own systems, such as the proxy and migrations, take leases too.
  if (world.faults.strike("lease-held", machine, request.routeOptions.config.action) !== null)
    throw heldBy(machine, { owner: "fly-proxy@tokens.fly.io", expiresAt: world.clock.now() + DEFAULT_TTL * 1000 });
  const lease = currentLease(world, machine);
  if (lease !== null && request.headers[NONCE] !== lease.nonce) throw heldBy(machine, lease);
}

/** Gives a lease, or makes one's own longer. */
export function takeLease(
  world: World,
  machine: Machine,
  { ttl, description, nonce }: { ttl?: number; description?: string; nonce?: string },
): Lease {
  const held = currentLease(world, machine);
  if (held !== null && held.nonce !== nonce) throw heldBy(machine, held);
  machine.lease = {
    nonce: held?.nonce ?? randomBytes(6).toString("hex"),
    owner: "emulator@tokens.fly.io",
    description: description ?? held?.description ?? "",
    expiresAt: world.clock.now() + (ttl ?? DEFAULT_TTL) * 1000,
  };
  return machine.lease;
}

export function leaseRoutes(server: FastifyInstance, context: ApiContext): void {
  const { world } = context;
  const path = "/apps/:app/machines/:machine/lease";

  server.get(path, { config: { action: "lease-get" } }, (request: AnyRequest) => {
    const machine = machineOf(context, request);
    const lease = currentLease(world, machine);
    if (lease === null) throw new LeaseRefusal(404, "lease not found");
    return { status: "success", data: view(machine, lease) };
  });

  server.post(path, { config: { action: "lease-create" } }, (request: AnyRequest, reply) => {
    const machine = machineOf(context, request);
    const { ttl, description } = bodyObject(request, "main.createLeaseRequest") as {
      ttl?: number;
      description?: string;
    };
    const seconds = ttl ?? (query(request, "ttl") === undefined ? undefined : Number(query(request, "ttl")));
    if (seconds !== undefined && !(Number.isFinite(seconds) && seconds > 0))
      throw new LeaseRefusal(400, `invalid ttl: ${String(seconds)}`);
    const nonce = request.headers[NONCE];
    const lease = takeLease(world, machine, {
      ...(seconds === undefined ? {} : { ttl: seconds }),
      ...(description === undefined ? {} : { description }),
      ...(typeof nonce === "string" ? { nonce } : {}),
    });
    return reply.code(201).send({ status: "success", data: view(machine, lease) });
  });

  server.delete(path, { config: { action: "lease-delete" } }, (request: AnyRequest) => {
    const machine = machineOf(context, request);
    const lease = currentLease(world, machine);
    if (lease === null) throw new LeaseRefusal(404, "lease not found");
    if (request.headers[NONCE] !== lease.nonce) throw heldBy(machine, lease);
    machine.lease = null;
    return { status: "success", data: { ok: true } };
  });
}

/** A refusal whose body is the envelope that leases have. */
export class LeaseRefusal extends Refusal {}

function heldBy(machine: Machine, lease: Pick<Lease, "owner" | "expiresAt">): LeaseRefusal {
  const until = new Date(lease.expiresAt).toISOString();
  return new LeaseRefusal(
    409,
    `machine ID ${machine.id} lease currently held by ${lease.owner}, expires at ${until}`,
    "lease_currently_held",
  );
}

function view(machine: Machine, { nonce, owner, description, expiresAt }: Lease): Record<string, unknown> {
  return { nonce, owner, description, expires_at: Math.ceil(expiresAt / 1000), version: machine.instanceId };
}
