import type { GuestExit } from "../guests/guest.ts";
import type { MachineConfig } from "./machine-config.ts";
import type { MachineEvent } from "./machine-state.ts";
import { signalNumber } from "./signals.ts";

/** Within this time, `max_retries` counts. */
const RETRY_WINDOW = 300_000;

/** Whether the restart policy starts it again: `on-failure` and ten tries within five minutes, unless the config says other. */
export function wantsRestart(
  config: MachineConfig,
  exit: GuestExit,
  restarts: readonly number[],
  now: number,
): boolean {
  const policy = config.restart?.policy ?? (config.schedule == null ? "on-failure" : "no");
  if (policy === "always") return true;
  if (policy === "no" || exit.code === 0) return false;
  return restarts.filter((at) => at > now - RETRY_WINDOW).length < (config.restart?.max_retries ?? 10);
}

/** The event that tells of the end of a machine's process. */
export function exitEvent(
  exit: GuestExit,
  {
    purpose,
    restarting,
    restarts,
    now,
  }: { purpose: string | null; restarting: boolean; restarts: number; now: number },
): Pick<MachineEvent, "type" | "status" | "source" | "request"> {
  const signal = exit.signal === null ? -1 : signalNumber(exit.signal);
  return {
    type: "exit",
    status: "stopped",
    source: "flyd",
    request: {
      exit_event: {
        exit_code: exit.code ?? 128 + signal,
        guest_exit_code: exit.code ?? 0,
        guest_signal: signal,
        signal: -1,
        oom_killed: false,
        requested_stop: purpose !== null,
        restarting,
        exited_at: new Date(now).toISOString(),
        error: exit.error ?? "",
        guest_error: "",
      },
      restart_count: restarts,
    },
  };
}
