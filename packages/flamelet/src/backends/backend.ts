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

  /** All machines of this app that some parent made and that still exist. */
  list(): Promise<readonly MachineListing[]>;

  /**
   * Those of them that are left over: their parent, whichever it was, is gone for certain. What it gives is destroyed, so in
   * doubt a machine MUST NOT be in it. Left out where runners that lost their parent leave nothing.
   */
  orphans?(): Promise<readonly MachineListing[]>;

  /** Machines that are prepared and do not run, for the pool option `standby`. Left out where there is no such thing. */
  readonly standby?: StandbyMachines;
}

/**
 * Machines that exist, do not run, and are started much faster than made. They belong to no parent: any one of the same pool
 * and build may take one. `Backend.list` does not have them, and `Backend.destroy` destroys them too.
 */
export interface StandbyMachines {
  /** Those that can be taken now. */
  list(key: StandbyKey): Promise<readonly StandbyMachine[]>;

  /** Makes one, and resolves when it can be taken. */
  prepare(key: StandbyKey, signal: AbortSignal): Promise<StandbyMachine>;

  /**
   * Starts one as the machine of a boot: what holds for `Backend.provision` holds for what this gives. Gives null when it
   * cannot be had, because another parent took it or it is gone. Two parents MUST never both have the same.
   */
  start(standby: StandbyMachine, spec: MachineSpec, signal: AbortSignal): Promise<Machine | null>;

  /** Puts a machine that `start` gave, and that has ended, back to be taken again. Gives null when that cannot be. */
  park(machine: Pick<Machine, "id">): Promise<StandbyMachine | null>;
}

/** Which standby machines are the same: any one of them will do. */
export interface StandbyKey {
  readonly pool: string;
  readonly buildId: string;
  /** `"stopped"`: nothing runs on it, and it boots when it is taken. `"suspended"`: its app is loaded, and asleep. */
  readonly mode: "stopped" | "suspended";
}

/** One that can be taken. */
export interface StandbyMachine {
  readonly id: string;
}

export type Network =
  | { readonly kind: "unix" }
  | {
      readonly kind: "tcp";
      /** What the parent listens on. */
      readonly host: string;
      /** What runners dial. Default: `host`. */
      readonly advertise?: string;
      /**
       * Whether nobody can read or change what crosses this network, such as a VPN. If not, flamelet encrypts the session with
       * TLS. Default: true where both hosts are loopback addresses, else false.
       */
      readonly encrypted?: boolean;
    };

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
  /**
   * Stops the clock of `bootTimeout`, which begins anew when what it gives is disposed of. For the time in which the backend
   * itself keeps the boot back, as under a provider's rate limit: the machine has not been asked for by then.
   */
  readonly hold?: () => Disposable;
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
