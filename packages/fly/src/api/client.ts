import createClient, { type Client } from "openapi-fetch";
import { type Clock, systemClock } from "../clock.ts";
import { Governor, type GovernorOptions } from "../governor/governor.ts";
import { Apps } from "./apps.ts";
import { Caller } from "./caller.ts";
import { Machines } from "./machines.ts";
import type { paths } from "./openapi.ts";
import { tokenFrom, urlFrom } from "./settings.ts";
import { Volumes } from "./volumes.ts";

export interface FlyApiOptions {
  /** Default: `FLY_API_TOKEN`, else `FLY_ACCESS_TOKEN`. With or without its scheme (`FlyV1 …`, `Bearer …`). */
  readonly token?: string | undefined;
  /** Where the Machines API is, without the `/v1`. Default: `FLY_FLAPS_BASE_URL`, else `https://api.machines.dev`. */
  readonly baseUrl?: string | undefined;
  /** Limits by action, such as `create machine`; `default` for all others. Default: what Fly documents. */
  readonly rates?: GovernorOptions["rates"] | undefined;
  readonly fetch?: typeof fetch | undefined;
  readonly clock?: Clock | undefined;
  /** From 0 up to, and never, 1. */
  readonly random?: (() => number) | undefined;
}

/** What the calls of the API are made with. */
export interface Wire {
  readonly http: Client<paths>;
  readonly caller: Caller;
}

/**
 * The Machines API. Calls wait for their turn under Fly's rate limits, are made again where that is safe, and reject with a
 * `FlyError`. Throws an `Error` when there is no token, or one that cannot be; neither it nor its errors ever show it.
 */
export class FlyApi {
  readonly apps: Apps;
  readonly #wire: Wire;
  readonly #governor: Governor;

  constructor(options: FlyApiOptions = {}) {
    const token = tokenFrom(options.token);
    const clock = options.clock ?? systemClock;
    const random = options.random ?? Math.random;
    this.#governor = new Governor({ clock, random, ...(options.rates === undefined ? {} : { rates: options.rates }) });
    this.#wire = {
      http: createClient<paths>({
        baseUrl: `${urlFrom(options.baseUrl)}/v1`,
        headers: { authorization: token.header },
        // Looked up at each call, so that a test can replace the global one.
        fetch: (request) => (options.fetch ?? globalThis.fetch)(request),
      }),
      caller: new Caller(this.#governor, clock, random, token.secret),
    };
    this.apps = new Apps(this.#wire);
  }

  /** The machines of one app. */
  machines(app: string): Machines {
    return new Machines(this.#wire, app);
  }

  /** The volumes of one app. */
  volumes(app: string): Volumes {
    return new Volumes(this.#wire, app);
  }

  /** How many calls wait for their turn under the rate limits. */
  get waiting(): number {
    return this.#governor.waiting;
  }
}
