import type { CallOptions } from "./caller.ts";
import type { Wire } from "./client.ts";
import type { components } from "./openapi.ts";

type Volume = components["schemas"]["Volume"];
type Snapshot = components["schemas"]["VolumeSnapshot"];
type CreateVolume = components["schemas"]["CreateVolumeRequest"];
type UpdateVolume = components["schemas"]["UpdateVolumeRequest"];

/** The volumes of one app. */
export class Volumes {
  readonly #wire: Wire;
  readonly #app: string;

  constructor(wire: Wire, app: string) {
    this.#wire = wire;
    this.#app = app;
  }

  async list(options: CallOptions = {}): Promise<readonly Volume[]> {
    const { caller, http } = this.#wire;
    return caller.call({ action: "list volumes", id: this.#app, repeatable: true, ...options }, (signal) =>
      http.GET("/apps/{app_name}/volumes", { params: { path: { app_name: this.#app } }, signal }),
    );
  }

  async get(id: string, options: CallOptions = {}): Promise<Volume> {
    const { caller, http } = this.#wire;
    return caller.call({ action: "get volume", id, repeatable: true, ...options }, (signal) =>
      http.GET("/apps/{app_name}/volumes/{volume_id}", { params: this.#one(id), signal }),
    );
  }

  /** Not made again when there is no answer: volumes of one name are many, so nothing tells a second one. */
  async create(volume: CreateVolume, options: CallOptions = {}): Promise<Volume> {
    const { caller, http } = this.#wire;
    return caller.call({ action: "create volume", id: this.#app, repeatable: false, ...options }, (signal) =>
      http.POST("/apps/{app_name}/volumes", { params: { path: { app_name: this.#app } }, body: volume, signal }),
    );
  }

  async update(id: string, volume: UpdateVolume, options: CallOptions = {}): Promise<Volume> {
    const { caller, http } = this.#wire;
    return caller.call({ action: "update volume", id, repeatable: true, ...options }, (signal) =>
      http.PUT("/apps/{app_name}/volumes/{volume_id}", { params: this.#one(id), body: volume, signal }),
    );
  }

  /** Makes it larger, to that many GB. A machine that has it may have to be restarted to see it. */
  async extend(id: string, sizeGb: number, options: CallOptions = {}): Promise<{ readonly needsRestart: boolean }> {
    const { caller, http } = this.#wire;
    const answer = await caller.call({ action: "extend volume", id, repeatable: true, ...options }, (signal) =>
      http.PUT("/apps/{app_name}/volumes/{volume_id}/extend", {
        params: this.#one(id),
        body: { size_gb: sizeGb },
        signal,
      }),
    );
    return { needsRestart: answer.needs_restart ?? false };
  }

  async snapshots(id: string, options: CallOptions = {}): Promise<readonly Snapshot[]> {
    const { caller, http } = this.#wire;
    return caller.call({ action: "list snapshots", id, repeatable: true, ...options }, (signal) =>
      http.GET("/apps/{app_name}/volumes/{volume_id}/snapshots", { params: this.#one(id), signal }),
    );
  }

  async snapshot(id: string, options: CallOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call({ action: "create snapshot", id, repeatable: false, ...options }, (signal) =>
      http.POST("/apps/{app_name}/volumes/{volume_id}/snapshots", { params: this.#one(id), signal }),
    );
  }

  async delete(id: string, options: CallOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call({ action: "delete volume", id, repeatable: true, ...options }, (signal) =>
      http.DELETE("/apps/{app_name}/volumes/{volume_id}", { params: this.#one(id), signal }),
    );
  }

  #one(id: string): { path: { app_name: string; volume_id: string } } {
    return { path: { app_name: this.#app, volume_id: id } };
  }
}
