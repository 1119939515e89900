import type { EventEmitter } from "node:events";

/** How a request came to the machine that it is at. */
export type Way = "balance" | "replay" | "cache" | "fallback";

/** What happens to requests and to machines because of them, for whoever watches. Times are ms since the epoch. */
export type ProxyEvent =
  | {
      readonly type: "request";
      readonly request: string;
      readonly at: number;
      readonly app: string;
      readonly method: string;
      readonly url: string;
      /** The region that it entered at. */
      readonly edge: string;
    }
  | {
      readonly type: "delivery";
      readonly request: string;
      readonly at: number;
      readonly app: string;
      readonly machine: string;
      readonly region: string;
      readonly way: Way;
      /** Whether it waited for the machine to start. */
      readonly woken: boolean;
    }
  | {
      readonly type: "replay";
      readonly request: string;
      readonly at: number;
      readonly app: string;
      /** The machine that asked for it, and its region. */
      readonly machine: string;
      readonly region: string;
    }
  | {
      readonly type: "end";
      readonly request: string;
      readonly at: number;
      /** What the client got; 101 for a WebSocket at its beginning, 499 when the client left before. */
      readonly status: number;
      readonly ms: number;
    }
  | {
      readonly type: "trouble";
      readonly request: string | null;
      readonly at: number;
      readonly app: string;
      readonly machine: string | null;
      readonly code: string;
      readonly message: string;
    }
  | {
      /** The proxy asked for a start or a stop. */
      readonly type: "wake" | "stop" | "suspend";
      readonly at: number;
      readonly app: string;
      readonly machine: string;
      readonly region: string;
    };

export type ProxyEvents = EventEmitter<{ event: [ProxyEvent] }>;
