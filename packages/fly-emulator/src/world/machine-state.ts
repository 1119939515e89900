/** The states of a machine, as Fly names them. */
export type MachineState =
  | "created"
  | "starting"
  | "started"
  | "stopping"
  | "stopped"
  | "suspending"
  | "suspended"
  | "restarting"
  | "replacing"
  | "failed"
  | "destroying"
  | "destroyed";

/** States that pass by themselves. */
export const TRANSIENT: ReadonlySet<MachineState> = new Set([
  "created",
  "starting",
  "stopping",
  "suspending",
  "restarting",
  "replacing",
  "destroying",
]);

/** Something that happened to a machine, as the API tells it. */
export interface MachineEvent {
  readonly id: string;
  readonly type: "launch" | "start" | "exit" | "update" | "restart" | "suspend" | "destroy" | "stop";
  readonly status: string;
  /** `user`: an API call; `flyd`: the host by itself. */
  readonly source: "user" | "flyd";
  /** ms since the epoch. */
  readonly timestamp: number;
  readonly request?: { readonly exit_event: ExitEvent; readonly restart_count: number };
}

/** How the process of a machine ended. */
export interface ExitEvent {
  /** As a shell would say it: the code, or 128 and the signal's number. */
  readonly exit_code: number;
  readonly guest_exit_code: number;
  /** The number of the signal that ended it, or -1. */
  readonly guest_signal: number;
  readonly signal: number;
  readonly oom_killed: boolean;
  /** Whether a stop, restart, update or destroy was asked for. */
  readonly requested_stop: boolean;
  /** Whether the restart policy starts it again. */
  readonly restarting: boolean;
  /** RFC 3339. */
  readonly exited_at: string;
  readonly error: string;
  readonly guest_error: string;
}
