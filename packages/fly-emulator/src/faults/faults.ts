import type { EventEmitter } from "node:events";

/** What can be made to go wrong. */
export const FAULT_KINDS = [
  "no-capacity",
  "rate-limit",
  "error",
  "lost-reply",
  "slow",
  "stuck-created",
  "stale-list",
  "snapshot-lost",
  "host-dead",
  "lease-held",
  "network-cut",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** A fault as it is asked for. What is left out matches everything. */
export interface FaultSpec {
  readonly kind: FaultKind;
  readonly app?: string;
  readonly region?: string;
  /** `network-cut`: the region that `region` is cut off from. Default: all others. */
  readonly peer?: string;
  /** A machine's id. */
  readonly machine?: string;
  /** The call of the API, such as `create`, `start`, `list` or `delete`. */
  readonly action?: string;
  /** How often it strikes. Default: until it is removed. */
  readonly times?: number;
  /** How likely it strikes. Default 1. */
  readonly probability?: number;
  /** `slow`: by how many ms; `stale-list`: how old. Default 1000. */
  readonly ms?: number;
  /** `error`: the status. Default 503. */
  readonly status?: number;
  /** `no-capacity` of a create: what is full. Default `region`. */
  readonly scope?: "region" | "host" | "quota" | "machine-limit";
}

export interface Fault extends FaultSpec {
  readonly id: string;
  /** How often it has struck. */
  struck: number;
}

/** What a fault may apply to. */
export interface Target {
  readonly app?: { readonly name: string } | undefined;
  readonly region?: string | undefined;
  readonly id?: string | undefined;
}

/** The faults that are on. */
export class Faults {
  readonly #events: EventEmitter<{ fault: [Fault, "added" | "struck" | "removed"] }>;
  readonly #on = new Map<string, Fault>();
  #next = 1;

  constructor(events: EventEmitter<{ fault: [Fault, "added" | "struck" | "removed"] }>) {
    this.#events = events;
  }

  add(spec: FaultSpec): Fault {
    const fault: Fault = { ...spec, id: `f${this.#next++}`, struck: 0 };
    this.#on.set(fault.id, fault);
    this.#events.emit("fault", fault, "added");
    return fault;
  }

  remove(id: string): boolean {
    const fault = this.#on.get(id);
    if (fault === undefined) return false;
    this.#on.delete(id);
    this.#events.emit("fault", fault, "removed");
    return true;
  }

  clear(): void {
    for (const id of this.#on.keys()) this.remove(id);
  }

  list(): Fault[] {
    return [...this.#on.values()];
  }

  /** The fault of that kind that strikes this target now, counted as struck; null if none does. */
  strike(kind: FaultKind, target: Target, action?: string): Fault | null {
    for (const fault of this.#on.values()) {
      if (fault.kind !== kind || !matches(fault, target, action)) continue;
      if (fault.probability !== undefined && Math.random() >= fault.probability) continue;
      fault.struck++;
      this.#events.emit("fault", fault, "struck");
      if (fault.times !== undefined && fault.struck >= fault.times) this.remove(fault.id);
      return fault;
    }
    return null;
  }
}

/** Whether it is about this target and action. */
export function matches(fault: FaultSpec, target: Target, action?: string): boolean {
  return (
    (fault.app === undefined || fault.app === target.app?.name) &&
    (fault.region === undefined || fault.region === target.region) &&
    (fault.machine === undefined || fault.machine === target.id) &&
    (fault.action === undefined || fault.action === action)
  );
}
