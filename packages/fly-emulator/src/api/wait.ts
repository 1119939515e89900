import type { Machine } from "../world/machine.ts";
import { type MachineEvent, TRANSIENT } from "../world/machine-state.ts";
import { Refusal, invalidArgument, notFound } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import { type AnyRequest, query } from "./context.ts";

const STATES = ["started", "stopped", "suspended", "destroyed", "failed", "settled"];

/** Answers when the machine is in one of the states that the query asks for, or cannot get there any more. */
export async function waitFor(world: World, machine: Machine, request: AnyRequest): Promise<Record<string, unknown>> {
  const states = [request.query["state"] ?? "started"].flat().flatMap((state) => state.split(","));
  const unknown = states.find((state) => !STATES.includes(state));
  if (unknown !== undefined) throw invalidArgument(`invalid WaitMachineRequest.State: ${JSON.stringify(unknown)}`);
  const seconds = Number(query(request, "timeout") ?? 60);
  if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60))
    throw invalidArgument("invalid WaitMachineRequest.Timeout: value must be inside range [1s, 1m0s]");
  const version = query(request, "version") ?? query(request, "instance_id");
  const since = query(request, "from_event_id");

  const reached = (): MachineEvent | boolean => {
    const event = since === undefined ? undefined : newer(machine, since).find(({ status }) => states.includes(status));
    if (event !== undefined) return event;
    // A version that an update has replaced is as good as stopped.
    if (version !== undefined && version !== machine.instanceId)
      return states.includes("stopped") && machine.versions.some((known) => known.version === version);
    return states.some((state) => (state === "settled" ? !TRANSIENT.has(machine.state) : machine.state === state));
  };
  const gone = (): boolean => machine.state === "destroyed";

  const over = new AbortController();
  const timer = world.clock.setTimer(seconds * 1000, () => over.abort());
  const hangUp = (): void => over.abort();
  request.raw.socket.once("close", hangUp);
  try {
    await machine.until(() => reached() !== false || gone(), over.signal);
  } catch {
    const text = `machine failed to reach desired state, ${states.join(", ")}, currently ${machine.state}`;
    throw new Refusal(408, `deadline_exceeded: ${text}`);
  } finally {
    timer.cancel();
    request.raw.socket.off("close", hangUp);
  }
  const found = reached();
  if (found === false) throw notFound("machine");
  const event = found === true ? machine.events[0] : found;
  return { ok: true, state: machine.state, event_id: event?.id ?? "", version: machine.instanceId };
}

/** The events after that one, newest first. */
function newer(machine: Machine, id: string): MachineEvent[] {
  const at = machine.events.findIndex((event) => event.id === id);
  return at === -1 ? [] : machine.events.slice(0, at);
}
