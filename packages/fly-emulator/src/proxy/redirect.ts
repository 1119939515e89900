import type { App } from "../world/app.ts";
import type { Machine } from "../world/machine.ts";
import type { World } from "../world/world.ts";
import type { Delivery } from "./delivery.ts";
import type { ReplayInstruction } from "./replay/instruction.ts";
import { formatReplayFailure, formatReplaySource, type ReplayFailureReason } from "./replay/source-headers.ts";
import { Trouble } from "./trouble.ts";

/** A machine that asked for a replay. */
export interface Asker {
  readonly app: App;
  readonly machine: Machine;
  readonly instruction: ReplayInstruction;
  /** When it asked: ms since the epoch. */
  readonly at: number;
}

/**
 * The delivery that a replay asks for.
 *
 * @throws {Trouble} PA04 for an app that does not exist, PA05 for one of another organization or private network.
 */
export function replayDelivery(world: World, { app, machine, instruction, at }: Asker, edge: string): Delivery {
  const { state, transform } = instruction;
  const source = {
    instance: machine.id,
    region: machine.region,
    t: at * 1000,
    ...(state === undefined ? {} : { state }),
  };
  return {
    app: targetApp(world, app, instruction),
    way: "replay",
    wish: wishOf(instruction, edge, machine.id),
    transform,
    special: { "fly-replay-src": formatReplaySource(source), "fly-replay-cache-status": "miss" },
  };
}

/** The delivery that a remembered replay asks for, or null when its target is no longer there. */
export function cachedDelivery(
  world: World,
  app: App,
  { instruction, source, edge }: { instruction: ReplayInstruction; source: { instance: string }; edge: string },
): Delivery | null {
  const target = instruction.app === undefined ? app : world.apps.get(instruction.app);
  if (target === undefined) return null;
  return {
    app: target,
    way: "cache",
    wish: wishOf(instruction, edge, source.instance),
    special: { "fly-replay-cache-status": "hit" },
  };
}

/** The delivery back to who asked for a replay that failed, or null when it did not ask for that. */
export function fallbackDelivery(
  { app, machine, instruction, at }: Asker,
  reason: ReplayFailureReason,
  now: number,
  edge: string,
): Delivery | null {
  const { fallback } = instruction;
  if (fallback === undefined) return null;
  const failure = formatReplayFailure({
    instance: instruction.instance ?? instruction.preferInstance,
    app: instruction.app ?? app.name,
    region: instruction.region?.flat()[0],
    replay_source: machine.id,
    reason,
    elapsed_ms: Math.round(now - at),
  });
  const wish = fallback === "force_self" ? { edge, instance: machine.id } : { edge, preferInstance: machine.id };
  return { app, way: "fallback", wish, special: { "fly-replay-failed": failure } };
}

function targetApp(world: World, from: App, { app: name }: ReplayInstruction): App {
  if (name === undefined || name === from.name) return from;
  const target = world.apps.get(name);
  if (target === undefined) throw new Trouble("PA04", name);
  if (target.org !== from.org) throw new Trouble("PA05", `${name} belongs to another organization`);
  if (target.network !== from.network) throw new Trouble("PA05", `${name} is in another private network`);
  return target;
}

function wishOf(instruction: ReplayInstruction, edge: string, asker: string): Delivery["wish"] {
  const { region, instance, preferInstance, elsewhere } = instruction;
  return {
    edge,
    regions: region,
    regionsOnly: region !== undefined,
    instance,
    preferInstance,
    except: elsewhere ? new Set([asker]) : undefined,
  };
}
