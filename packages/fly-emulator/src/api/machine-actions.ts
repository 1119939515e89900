import type { FastifyInstance } from "fastify";
import { goDuration } from "../world/durations.ts";
import type { Machine } from "../world/machine.ts";
import { Refusal, badRequest, notFound } from "../world/refusal.ts";
import { signalNamed } from "../world/signals.ts";
import { type AnyRequest, type ApiContext, bodyObject, machineOf, query } from "./context.ts";
import { checkLease } from "./leases.ts";
import { waitFor } from "./wait.ts";

/** What can be done with a machine, beyond its making and its end. */
export function actionRoutes(server: FastifyInstance, context: ApiContext): void {
  const { world } = context;
  const path = "/apps/:app/machines/:machine";
  /** The machine, if whoever asks may change it. */
  const mine = (request: AnyRequest): Machine => {
    const machine = machineOf(context, request);
    checkLease(world, machine, request);
    if (machine.state === "destroyed") throw notFound("machine");
    return machine;
  };
  const post = (action: string, act: (machine: Machine, request: AnyRequest) => unknown): void => {
    server.post(`${path}/${action}`, { config: { action } }, async (request: AnyRequest) => {
      return (await act(mine(request), request)) ?? { ok: true };
    });
  };

  post("start", (machine) => ({ previous_state: machine.life.start(), migrated: false, new_host: "" }));
  post("stop", (machine, request) => {
    const { signal, timeout } = bodyObject(request, "main.stopRequest") as { signal?: unknown; timeout?: unknown };
    machine.life.stop(ending(signal, timeout));
  });
  post("restart", (machine, request) => {
    const force = query(request, "force_stop") === "true";
    machine.life.restart(ending(force ? "SIGKILL" : query(request, "signal"), query(request, "timeout")));
  });
  post("suspend", (machine) => machine.life.suspend());
  post("cordon", (machine) => cordon(machine, true));
  post("uncordon", (machine) => cordon(machine, false));
  post("signal", (machine, request) => {
    const { signal } = bodyObject(request, "main.signalRequest");
    if (signal === undefined || signal === "") throw badRequest("signal is required");
    machine.life.signal(signalNamed(signal));
  });

  server.get(`${path}/events`, { config: { action: "events" } }, (request: AnyRequest) => {
    const limit = Number(query(request, "limit") ?? 20);
    if (!Number.isInteger(limit) || limit < 1) throw badRequest(`invalid limit: ${query(request, "limit")}`);
    return machineOf(context, request).events.slice(0, Math.min(limit, 50));
  });

  server.get(`${path}/versions`, { config: { action: "versions" } }, (request: AnyRequest) =>
    machineOf(context, request).versions.map(({ version, config }) => ({ version, user_config: config })),
  );

  server.get(`${path}/wait`, { config: { action: "wait" } }, (request: AnyRequest) =>
    waitFor(world, machineOf(context, request), request),
  );
}

function cordon(machine: Machine, cordoned: boolean): void {
  machine.cordoned = cordoned;
  machine.become(machine.state);
}

/** How to end a process: a signal's name, and a Go duration or a number of seconds. */
function ending(signal: unknown, timeout: unknown): { signal?: NodeJS.Signals; timeout?: number } {
  const given = timeout !== undefined && timeout !== null && timeout !== "";
  const ms = !given ? null : /^\d+$/.test(String(timeout)) ? Number(timeout) * 1000 : goDuration(String(timeout));
  if (given && ms === null) throw new Refusal(400, `invalid timeout: ${JSON.stringify(timeout)}`);
  return {
    ...(signal === undefined || signal === null || signal === "" ? {} : { signal: signalNamed(signal) }),
    ...(ms === null ? {} : { timeout: ms }),
  };
}
