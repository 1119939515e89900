import type { CallOptions } from "./caller.ts";
import type { Wire } from "./client.ts";
import type { components } from "./openapi.ts";

type App = components["schemas"]["App"];
type CreateApp = components["schemas"]["CreateAppRequest"];

/** The apps of organisations. */
export class Apps {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  async list(organisation: string, options: CallOptions = {}): Promise<readonly App[]> {
    const { caller, http } = this.#wire;
    const answer = await caller.call(
      { action: "list apps", id: organisation, repeatable: true, ...options },
      (signal) => http.GET("/apps", { params: { query: { org_slug: organisation } }, signal }),
    );
    return answer.apps ?? [];
  }

  async get(name: string, options: CallOptions = {}): Promise<App> {
    const { caller, http } = this.#wire;
    return caller.call({ action: "get app", id: name, repeatable: true, ...options }, (signal) =>
      http.GET("/apps/{app_name}", { params: { path: { app_name: name } }, signal }),
    );
  }

  /** Rejects with a `FlyConflictError` of the reason `"name"` when anybody has an app of that name. */
  async create(app: CreateApp, options: CallOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call({ action: "create app", id: app.name ?? "", repeatable: false, ...options }, (signal) =>
      http.POST("/apps", { body: app, signal }),
    );
  }

  /** Destroys its machines too. */
  async delete(name: string, options: CallOptions = {}): Promise<void> {
    const { caller, http } = this.#wire;
    await caller.call({ action: "delete app", id: "", repeatable: true, ...options }, (signal) =>
      http.DELETE("/apps/{app_name}", { params: { path: { app_name: name } }, signal }),
    );
  }
}
