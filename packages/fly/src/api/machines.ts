import { backgroundFetch } from "./background-fetch.ts";
import type { CallOptions, CallSpec } from "./caller.ts";
import type { Wire } from "./client.ts";
import { FlyNotFoundError } from "./errors.ts";
import type { components, operations } from "./openapi.ts";
import type { CreateMachine, FlyMachine, FlyMachineEvent, Lease, UpdateMachine, WaitState } from "./types.ts";

type Schemas = components["schemas"];
type StopRequest = Schemas["StopRequest"];
type SignalName = NonNullable<Schemas["SignalRequest"]["signal"]>;
type RestartQuery = NonNullable<operations["Machines_restart"]["parameters"]["query"]>;

/** For what a lease guards: update, start, stop, restart, suspend, cordon, destroy. */
export interface GuardedOptions extends CallOptions {
  /** Of the lease that the caller holds. */
  readonly nonce?: string | undefined;
}

export interface ListMachinesOptions extends CallOptions {
  /** Only machines that have all of this metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly region?: string;
  /** Only these. */
  readonly states?: readonly string[];
  readonly includeDeleted?: boolean;
}

export interface WaitOptions extends CallOptions {
  /** How long to wait, in seconds, from 1 to 60, which Fly insists on. Default 60. */
  readonly seconds?: number;
  /** Of which version of the machine (`instance_id`). */
  readonly version?: string;
  /** Whether waiting is no reason for the process to live. It is not tried again then when there is no answer. Default false. */
  readonly background?: boolean;
}

/** What a command that ran on a machine gave. Its exit code may be any: that it failed is no error of the call. */
export interface ExecResult {
  readonly exit_code?: number;
  readonly exit_signal?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** The machines of one app. */
export class Machines {
  readonly #wire: Wire;
  readonly #app: string;

  constructor(wire: Wire, app: string) {
    this.#wire = wire;
    this.#app = app;
  }

  /**
   * Asks for a machine, and resolves when Fly accepted it: it is `created` then, and not started yet. Never made again by
   * itself, but safe to repeat when it has a name: the second one is a `FlyConflictError` of the reason `"name"`.
   */
  async create(machine: CreateMachine, options: CallOptions = {}): Promise<FlyMachine> {
    const { caller, http } = this.#wire;
    const path = { app_name: this.#app };
    const made = await caller.call(
      { action: "create machine", id: this.#app, repeatable: false, ...options },
      (signal) => http.POST("/apps/{app_name}/machines", { params: { path }, body: machine, signal }),
    );
    return made as FlyMachine;
  }

  async get(id: string, options: CallOptions = {}): Promise<FlyMachine> {
    const { caller, http } = this.#wire;
    const got = await caller.call(this.#spec("get machine", id, true, options), (signal) =>
      http.GET("/apps/{app_name}/machines/{machine_id}", { params: this.#one(id), signal }),
    );
    return got as FlyMachine;
  }

  /** Those that are not destroyed, unless `includeDeleted`. */
  async list(options: ListMachinesOptions = {}): Promise<readonly FlyMachine[]> {
    const { metadata = {}, region, states, includeDeleted, ...rest } = options;
    const { caller, http } = this.#wire;
    // The OpenAPI document lacks the metadata filter that the documentation has.
    const query = {
      ...(region === undefined ? {} : { region }),
      ...(states === undefined ? {} : { state: states.join(",") }),
      ...(includeDeleted === true ? { include_deleted: true } : {}),
      ...Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`metadata.${key}`, value])),
    };
    const params = { path: { app_name: this.#app }, query };
    const listed = await caller.call({ action: "list machines", id: this.#app, repeatable: true, ...rest }, (signal) =>
      http.GET("/apps/{app_name}/machines", { params, signal }),
    );
    return listed as readonly FlyMachine[];
  }

  /** Replaces the whole config: what is left out is gone. A machine that is not running stays so. */
  async update(id: string, machine: UpdateMachine, options: GuardedOptions = {}): Promise<FlyMachine> {
    const { caller, http } = this.#wire;
    const updated = await caller.call(this.#spec("update machine", id, false, options), (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}", {
        params: this.#one(id),
        body: machine,
        headers: nonceOf(options),
        signal,
      }),
    );
    return updated as FlyMachine;
  }

  async start(id: string, options: GuardedOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call(this.#spec("start machine", id, true, options), (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}/start", {
        params: this.#one(id),
        headers: nonceOf(options),
        signal,
      }),
    );
  }

  /** Asks it to stop: it may go on for as long as its `stop_config` says, or `timeout` (`"10s"`) here. */
  async stop(id: string, how: StopRequest = {}, options: GuardedOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call(this.#spec("stop machine", id, true, options), (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}/stop", {
        params: this.#one(id),
        body: how,
        headers: nonceOf(options),
        signal,
      }),
    );
  }

  async suspend(id: string, options: GuardedOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call(this.#spec("suspend machine", id, true, options), (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}/suspend", {
        params: this.#one(id),
        headers: nonceOf(options),
        signal,
      }),
    );
  }

  async restart(id: string, how: RestartQuery = {}, options: GuardedOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call(this.#spec("restart machine", id, false, options), (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}/restart", {
        params: { ...this.#one(id), query: how },
        headers: nonceOf(options),
        signal,
      }),
    );
  }

  /** Sends a signal to its main process. */
  async signal(id: string, name: SignalName, options: CallOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call(this.#spec("signal machine", id, false, options), (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}/signal", {
        params: this.#one(id),
        body: { signal: name },
        signal,
      }),
    );
  }

  /**
   * Resolves when the machine is in one of these states. Rejects with a `FlyWaitTimeoutError` when it is not by then, and
   * with a `FlyNotFoundError` when it is gone. That it is `started` says nothing of the app in it.
   */
  async wait(id: string, states: WaitState | readonly WaitState[], options: WaitOptions = {}): Promise<void> {
    const { seconds = 60, version, background = false, ...rest } = options;
    const { caller, http } = this.#wire;
    const query = {
      // Typed as one by the document, which says that it may be several.
      state: [states].flat().join(",") as WaitState,
      timeout: seconds,
      ...(version === undefined ? {} : { version }),
    };
    // The answer comes after that time, or nothing does.
    const spec = { ...this.#spec("wait for machine", id, !background, rest), timeout: (seconds + 10) * 1000 };
    await caller.call(spec, (signal) =>
      http.GET("/apps/{app_name}/machines/{machine_id}/wait", {
        params: { ...this.#one(id), query },
        signal,
        ...(background ? { fetch: backgroundFetch } : {}),
      }),
    );
  }

  /** Takes it out of what Fly Proxy routes to. */
  async cordon(id: string, options: GuardedOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call(this.#spec("cordon machine", id, true, options), (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}/cordon", {
        params: this.#one(id),
        headers: nonceOf(options),
        signal,
      }),
    );
  }

  async uncordon(id: string, options: GuardedOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call(this.#spec("uncordon machine", id, true, options), (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}/uncordon", {
        params: this.#one(id),
        headers: nonceOf(options),
        signal,
      }),
    );
  }

  /**
   * Takes the machine's lease for that many seconds, or prolongs it when `nonce` is that of the one held. Rejects with a
   * `FlyConflictError` of the reason `"lease"` when somebody has it, which Fly's own systems do at times.
   */
  async lease(id: string, seconds: number, description: string, options: GuardedOptions = {}): Promise<Lease> {
    const { caller, http } = this.#wire;
    const answer: unknown = await caller.call(this.#spec("lease machine", id, false, options), (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}/lease", {
        params: this.#one(id),
        body: { ttl: seconds, description },
        headers: nonceOf(options),
        signal,
      }),
    );
    return unwrapped(answer);
  }

  /** The lease that somebody holds; null when nobody does. */
  async currentLease(id: string, options: CallOptions = {}): Promise<Omit<Lease, "nonce"> | null> {
    const { caller, http } = this.#wire;
    try {
      const answer: unknown = await caller.call(this.#spec("get lease", id, true, options), (signal) =>
        http.GET("/apps/{app_name}/machines/{machine_id}/lease", { params: this.#one(id), signal }),
      );
      return unwrapped(answer);
    } catch (error) {
      if (error instanceof FlyNotFoundError) return null;
      throw error;
    }
  }

  async releaseLease(id: string, nonce: string, options: CallOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    const params = { ...this.#one(id), header: { "fly-machine-lease-nonce": nonce } };
    await caller.call(this.#spec("release lease", id, true, options), (signal) =>
      http.DELETE("/apps/{app_name}/machines/{machine_id}/lease", { params, signal }),
    );
  }

  /** Runs a command on a machine that runs. Fly does not pass on any stdin. */
  async exec(
    id: string,
    command: readonly string[],
    options: CallOptions & { readonly seconds?: number } = {},
  ): Promise<ExecResult> {
    const { seconds = 30, ...rest } = options;
    const { caller, http } = this.#wire;
    const spec = { ...this.#spec("exec on machine", id, false, rest), timeout: (seconds + 10) * 1000 };
    return caller.call(spec, (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}/exec", {
        params: this.#one(id),
        body: { command: [...command], timeout: seconds },
        signal,
      }),
    );
  }

  /** What happened to it, newest first. At most 50. */
  async events(id: string, limit = 20, options: CallOptions = {}): Promise<readonly FlyMachineEvent[]> {
    const { caller, http } = this.#wire;
    const params = { ...this.#one(id), query: { limit } };
    const events = await caller.call(this.#spec("list events", id, true, options), (signal) =>
      http.GET("/apps/{app_name}/machines/{machine_id}/events", { params, signal }),
    );
    return events as readonly FlyMachineEvent[];
  }

  async metadata(id: string, options: CallOptions = {}): Promise<Readonly<Record<string, string>>> {
    const { caller, http } = this.#wire;
    return caller.call(this.#spec("get metadata", id, true, options), (signal) =>
      http.GET("/apps/{app_name}/machines/{machine_id}/metadata", { params: this.#one(id), signal }),
    );
  }

  /** Sets one key. Neither restarts the machine nor makes a new version of it, and no lease guards it. */
  async setMetadata(id: string, key: string, value: string, options: CallOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    const path = { ...this.#one(id).path, key };
    await caller.call(this.#spec("set metadata", id, true, options), (signal) =>
      http.POST("/apps/{app_name}/machines/{machine_id}/metadata/{key}", { params: { path }, body: { value }, signal }),
    );
  }

  /** Sets some keys, all at once, and leaves the others. */
  async patchMetadata(
    id: string,
    metadata: Readonly<Record<string, string>>,
    options: CallOptions = {},
  ): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call(this.#spec("patch metadata", id, true, options), (signal) =>
      http.PATCH("/apps/{app_name}/machines/{machine_id}/metadata", {
        params: this.#one(id),
        body: { metadata: { ...metadata } },
        signal,
      }),
    );
  }

  async deleteMetadata(id: string, key: string, options: CallOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    const path = { ...this.#one(id).path, key };
    await caller.call(this.#spec("delete metadata", id, true, options), (signal) =>
      http.DELETE("/apps/{app_name}/machines/{machine_id}/metadata/{key}", { params: { path }, signal }),
    );
  }

  /** With `force`, whatever it does: it is killed. Without, only when it is not running. */
  async delete(id: string, options: GuardedOptions & { readonly force?: boolean } = {}): Promise<void> {
    const { force = false, ...rest } = options;
    const { caller, http } = this.#wire;
    const params = { ...this.#one(id), query: { force } };
    await caller.call(this.#spec("delete machine", id, true, rest), (signal) =>
      http.DELETE("/apps/{app_name}/machines/{machine_id}", { params, headers: nonceOf(rest), signal }),
    );
  }

  #one(id: string): { path: { app_name: string; machine_id: string } } {
    return { path: { app_name: this.#app, machine_id: id } };
  }

  #spec(action: string, id: string, repeatable: boolean, { signal, admitted }: CallOptions): CallSpec {
    return { action, id, repeatable, signal, admitted };
  }
}

function nonceOf({ nonce }: GuardedOptions): Record<string, string> {
  return nonce === undefined ? {} : { "fly-machine-lease-nonce": nonce };
}

/** Leases come in an envelope that the OpenAPI document does not have. */
function unwrapped(answer: unknown): Lease {
  const { data } = answer as { data?: Lease };
  return data ?? (answer as Lease);
}
