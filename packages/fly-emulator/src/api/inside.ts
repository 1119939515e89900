import type { FastifyInstance } from "fastify";
import { execute, words } from "../guests/exec.ts";
import { type ProcessStat, processList } from "../guests/process-list.ts";
import { environmentOf } from "../world/boot.ts";
import type { Machine } from "../world/machine.ts";
import { badRequest, failedPrecondition } from "../world/refusal.ts";
import { type AnyRequest, type ApiContext, bodyObject, machineOf, query } from "./context.ts";

const DEFAULT_EXEC_TIMEOUT = 60;
const SORTABLE: readonly string[] = ["pid", "cpu", "rss", "rtime", "stime", "command", "directory"];

/** What looks into a machine that runs: commands, processes, memory. */
export function insideRoutes(server: FastifyInstance, context: ApiContext): void {
  const { world } = context;
  const path = "/apps/:app/machines/:machine";
  const running = (request: AnyRequest): Machine => {
    const machine = machineOf(context, request);
    if (machine.state !== "started" || machine.life.pid === null) throw failedPrecondition("machine not running");
    return machine;
  };
  let execs = 0;

  server.post(`${path}/exec`, { config: { action: "exec" } }, async (request: AnyRequest) => {
    const machine = running(request);
    const body = bodyObject(request, "main.machineExecRequest");
    const { command, cmd, stdin = "", timeout = DEFAULT_EXEC_TIMEOUT } = body as Record<string, unknown>;
    if (cmd !== undefined && typeof cmd !== "string")
      throw badRequest("json: cannot unmarshal array into Go struct field machineExecRequest.cmd of type string");
    if (command !== undefined && !(Array.isArray(command) && command.every((word) => typeof word === "string")))
      throw badRequest("json: cannot unmarshal into Go struct field machineExecRequest.command of type []string");
    if (typeof timeout !== "number" || !(timeout > 0)) throw badRequest(`invalid timeout: ${JSON.stringify(timeout)}`);
    const argv = (command as string[] | undefined) ?? words(cmd ?? "");
    if (argv.length === 0) throw badRequest("command is required");
    return execute({
      mark: `${world.id}/${machine.id}/exec${++execs}/`,
      command: [...machine.address.enter, ...argv],
      env: environmentOf(world, machine),
      cwd: machine.image.folder,
      stdin: String(stdin),
      timeout: timeout * 1000,
    });
  });

  server.get(`${path}/ps`, { config: { action: "ps" } }, (request: AnyRequest) => {
    const machine = running(request);
    const by = (query(request, "sort_by") ?? "pid") as keyof ProcessStat;
    const order = query(request, "order") ?? "asc";
    if (!SORTABLE.includes(by)) throw badRequest(`invalid sort_by: ${JSON.stringify(by)}`);
    if (order !== "asc" && order !== "desc") throw badRequest(`invalid order: ${JSON.stringify(order)}`);
    const sorted = processList(`${world.id}/${machine.id}/`).sort((a, b) =>
      a[by] < b[by] ? -1 : a[by] > b[by] ? 1 : 0,
    );
    return order === "desc" ? sorted.reverse() : sorted;
  });

  server.get(`${path}/memory`, { config: { action: "memory-get" } }, (request: AnyRequest) => memory(running(request)));

  server.put(`${path}/memory`, { config: { action: "memory-put" } }, (request: AnyRequest) => {
    const machine = running(request);
    const { limit_mb: limit } = bodyObject(request, "main.setMemoryLimitRequest");
    if (typeof limit !== "number" || !(limit > 0)) throw badRequest("limit_mb is required");
    machine.memoryLimitMb = Math.min(limit, sizeOf(machine));
    return memory(machine);
  });

  server.post(`${path}/memory/reclaim`, { config: { action: "memory-reclaim" } }, (request: AnyRequest) => {
    running(request);
    // There is no balloon to blow up: nothing is reclaimed.
    return { actual_mb: 0 };
  });

  function memory(machine: Machine): Record<string, number> {
    const limit = machine.memoryLimitMb ?? sizeOf(machine);
    const used = processList(`${world.id}/${machine.id}/`).reduce((sum, { rss }) => sum + rss, 0) / 1024 ** 2;
    return { limit_mb: limit, available_mb: Math.max(0, Math.floor(limit - used)) };
  }
}

function sizeOf({ config }: Machine): number {
  return config.guest?.memory_mb ?? 256;
}
