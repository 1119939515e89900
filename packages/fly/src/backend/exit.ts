import { constants } from "node:os";
import type { ExitInfo } from "flamelet";
import { FlyNotFoundError, FlyWaitTimeoutError } from "../api/errors.ts";
import type { Machines } from "../api/machines.ts";
import type { ExitEvent, FlyMachine, FlyMachineEvent } from "../api/types.ts";
import { fullJitter } from "../governor/backoff.ts";

const OVER = ["stopped", "destroyed", "failed"] as const;
const UNKNOWN: ExitInfo = { code: null, signal: null };
/** For how long after it was made a machine may not be known everywhere yet, in ms. */
const YOUNG = 10_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

/**
 * Resolves when the machine has ended, with its exit code or signal where Fly tells it. Never rejects, and never keeps the
 * process alive: that somebody may want to know is no reason to.
 */
export async function exitOf(machines: Machines, id: string): Promise<ExitInfo> {
  const since = performance.now();
  for (let failures = 0; ;) {
    try {
      await machines.wait(id, OVER, { background: true });
      const exit = await lastExit(machines, id);
      if (exit !== null) return exit;
      // It is being started, and that it was stopped is told of the time before.
      failures += 1;
    } catch (error) {
      if (error instanceof FlyWaitTimeoutError) {
        failures = 0;
        continue;
      }
      if (error instanceof FlyNotFoundError && performance.now() - since > YOUNG) return UNKNOWN;
      // A machine that destroys itself is gone before anybody can see it stopped, and may be told of for a while yet.
      if (error instanceof FlyNotFoundError && (await isGone(machines, id)))
        return (await lastExit(machines, id)) ?? UNKNOWN;
      failures += 1;
    }
    // An answer that was lost may have been the one that it has ended, and somebody waits for that: the next look is at once.
    if (failures > 1) await pause(fullJitter(Math.random, failures, FIRST_PAUSE, LONGEST_PAUSE));
  }
}

async function isGone(machines: Machines, id: string): Promise<boolean> {
  const machine = await machines.get(id).catch(() => null);
  return machine?.state === "destroyed";
}

/** Null while the machine is only stopped, and nothing ended since it was last started or changed. */
async function lastExit(machines: Machines, id: string): Promise<ExitInfo | null> {
  const machine: FlyMachine | null = await machines.get(id).catch(() => null);
  if (machine === null) return UNKNOWN;
  return exitFrom(machine.events ?? []) ?? (machine.state === "stopped" ? null : UNKNOWN);
}

/** How the process of a machine ended, by its events, newest first. Those before its last start tell of another one. */
export function exitFrom(events: readonly FlyMachineEvent[]): ExitInfo | null {
  for (const { type, request } of events) {
    const exit = request?.exit_event ?? request?.MonitorEvent?.exit_event;
    if (exit !== undefined && exit !== null) return told(exit);
    if (type === "start" || type === "launch" || type === "update") break;
  }
  return null;
}

function told({ exit_code, guest_exit_code, guest_signal = -1, oom_killed }: ExitEvent): ExitInfo {
  if (oom_killed === true) return { code: null, signal: "SIGKILL" };
  if (guest_signal > 0) return { code: null, signal: signalName(guest_signal) };
  return { code: exit_code ?? guest_exit_code ?? null, signal: null };
}

function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `SIG${number}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}
