import type { App } from "../world/app.ts";
import type { Machine } from "../world/machine.ts";
import type { World } from "../world/world.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { ProxySettings } from "./options.ts";
import type { ProxyEvent } from "./proxy-events.ts";
import type { ReplayCache } from "./replay/cache.ts";
import type { Trouble } from "./trouble.ts";
import type { Tunnels } from "./tunnels.ts";

/** What all requests of one proxy share. */
export interface ProxyContext {
  readonly world: World;
  readonly settings: ProxySettings;
  readonly dispatcher: Dispatcher;
  readonly cache: ReplayCache;
  readonly tunnels: Tunnels;
  tell(event: ProxyEvent): void;
  /** Writes to the app's log what went wrong, and tells who watches. */
  report(app: App, machine: Machine | null, trouble: Trouble, request: string | null): void;
}
