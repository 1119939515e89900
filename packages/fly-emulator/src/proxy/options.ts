import type { RegionNetwork } from "../regions/network.ts";

/** How the proxy behaves. What Fly does not publish, or what a test wants quicker, can be set; the defaults are Fly's. */
export interface ProxyOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any that is free. */
  readonly port?: number;
  /** More ports, each of which is an edge of its own: `{ ams: 8001 }`; 0 for any that is free. */
  readonly regionPorts?: Readonly<Record<string, number>>;
  /**
   * An address in the private network where it listens too, on port 80, as `<app>.flycast` does; requests enter there at the
   * region of the machine that sends them. Default `null`: none.
   */
  readonly flycast?: string | null;
  /** Where requests enter that say nothing of it, neither by port nor by `fly-emulator-region`. Default `iad`. */
  readonly region?: string;
  /** Host names of apps beside `<app>.fly.dev`, `<app>.localhost`, `<app>.flycast` and `<app>.internal`. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Default: one without latency and without cuts. */
  readonly network?: RegionNetwork;
  /** How many bytes of a request are kept so that it can be replayed. Default 1 MiB; another page of Fly says 10 MB. */
  readonly replayBodyLimit?: number;
  /** How often one request is tried at machines that cannot be reached. Default 90. */
  readonly tries?: number;
  /** Milliseconds between tries when all machines were tried: doubles from this up to ten times it. Default 50. */
  readonly retryDelay?: number;
  /** Milliseconds until a connection to a machine counts as timed out. Default 5000. */
  readonly connectTimeout?: number;
  /** Milliseconds that a request waits for a machine to start. Default 30 000. */
  readonly wakeTimeout?: number;
  /** Milliseconds that a request waits for a machine below its hard limit. Default 30 000; Fly says "for long". */
  readonly queueTimeout?: number;
  /** Milliseconds between two passes of autostop; `Infinity` for none. Default 300 000 ("every few minutes"). */
  readonly autostopInterval?: number;
  /** Milliseconds that autostop gives what a machine still has to do before it stops it. Default 5000. */
  readonly autostopDrain?: number;
  /** For choosing among equals. Default `Math.random`. */
  readonly random?: () => number;
}

/** The same with nothing left open. */
export type ProxySettings = Required<ProxyOptions>;
