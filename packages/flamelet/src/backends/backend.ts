import type { ExitInfo } from "../errors.ts";

/**
 * What provisions runners. Implement this, run the conformance suite of `flamelet/testing` on it, and pools can use it.
 *
 * A backend MUST NOT keep pool state: it is told everything that it needs at each call, and any parent may ask any
 * backend of the same kind to list and destroy machines of any other parent.
 */
export interface Backend {
  /** Short name for logs, metrics and `flame.parent.backend`: `"process"`, `"fly"`. */
  readonly name: string;

  /** How runners reach their parent: a socket file of this host, loopback, or an address that other hosts can reach. */
  readonly network: Network;

  /**
   * Starts one machine that runs a copy of the app with `spec.env` added to its environment, and resolves as soon as the
   * provider accepted it; that the copy is up is known when it dials in.
   *
   * MUST be safe to repeat: `spec.name` is unique to this boot, and a machine of that name which exists is adopted.
   * MUST reject with a `BootError` that says which kind of failure it is. When `signal` aborts, it MUST stop waiting, and
   * see to it that a machine which comes up nevertheless is destroyed.
   */
  provision(spec: MachineSpec, signal: AbortSignal): Promise<Machine>;

  /** Ends a machine at once, with all that runs on it. Resolves also when it is gone already. */
  destroy(machine: Pick<Machine, "id">): Promise<void>;

  /** All machines of this app that some parent made and that still exist, for the reaper. */
  list(): Promise<readonly MachineListing[]>;
}

export type Network =
  | { readonly kind: "unix" }
  /** `host` is what the parent listens on and `advertise` what runners dial (default: the same). */
  | { readonly kind: "tcp"; readonly host: string; readonly advertise?: string };

/** What a machine is made from. */
export interface MachineSpec {
  /** Unique to this boot; the idempotency key. `[a-z0-9-]`, at most 63 characters. */
  readonly name: string;
  readonly pool: string;
  /** Tells parents apart, so that a reaper can find machines whose parent is gone. */
  readonly parentId: string;
  readonly buildId: string;
  readonly epoch: number;
  /** To be added to the copy's environment. Contains the runner's secret: MUST NOT be logged. */
  readonly env: Readonly<Record<string, string>>;
  /** Called with each line that the copy writes, where the backend can see its output. */
  readonly onOutput: (line: string, stream: "stdout" | "stderr") => void;
}

/** One machine that a backend provisioned. */
export interface Machine {
  /** The provider's id, unique within the backend. */
  readonly id: string;
  /** Resolves when the machine ended, however that came about; never rejects. Never resolves where it cannot be known. */
  readonly exited: Promise<ExitInfo>;
}

export interface MachineListing {
  readonly id: string;
  readonly name: string;
  readonly pool: string;
  readonly parentId: string;
  readonly buildId: string;
  readonly epoch: number;
}
