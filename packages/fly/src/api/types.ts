import type { components } from "./openapi.ts";

type Schemas = components["schemas"];

/** What a machine is made of, with Fly's own names. */
export type MachineConfig = Schemas["fly.MachineConfig"];
export type MachineGuest = Schemas["fly.MachineGuest"];

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
  | "updating"
  | "failed"
  | "destroying"
  | "destroyed"
  | (string & {});

/** A machine, as the API tells of it. What is in every answer is not optional, whatever the OpenAPI document says. */
export type FlyMachine = Omit<Schemas["Machine"], "state" | "events"> & {
  readonly id: string;
  readonly name: string;
  readonly state: MachineState;
  readonly region: string;
  readonly instance_id: string;
  readonly events?: readonly FlyMachineEvent[];
};

/** Newest first in lists. The document leaves out what `request` holds. */
export interface FlyMachineEvent {
  readonly id?: string;
  readonly type?: string;
  readonly status?: string;
  readonly source?: string;
  /** Milliseconds since 1970. */
  readonly timestamp?: number;
  readonly request?: {
    readonly exit_event?: ExitEvent | null;
    readonly MonitorEvent?: { readonly exit_event?: ExitEvent | null } | null;
    readonly restart_count?: number;
  } | null;
}

/** How a machine's process ended. */
export interface ExitEvent {
  readonly exit_code?: number;
  readonly guest_exit_code?: number;
  /** A signal's number, or -1 (older: 0) for none. */
  readonly guest_signal?: number;
  readonly signal?: number;
  readonly oom_killed?: boolean;
  readonly requested_stop?: boolean;
  readonly restarting?: boolean;
  readonly error?: string;
}

export type CreateMachine = Schemas["CreateMachineRequest"] & { readonly config: MachineConfig };
export type UpdateMachine = Schemas["UpdateMachineRequest"] & { readonly config: MachineConfig };
export type WaitState = "started" | "stopped" | "suspended" | "destroyed" | "failed" | "settled";

/** A lock on a machine: whoever has it gives its `nonce` with each change. */
export interface Lease {
  readonly nonce: string;
  /** Seconds since 1970. */
  readonly expires_at: number;
  readonly owner?: string;
  readonly description?: string;
}

/** Every type of the API's OpenAPI document. */
export type { components, operations, paths } from "./openapi.ts";
