import { createReadStream } from "node:fs";
import { request, type ClientRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** One event of an event stream. */
export interface Event {
  readonly type: string;
  readonly data: any;
}

/** Reads a `text/event-stream` as it comes. */
export async function* readEvents(body: AsyncIterable<Uint8Array | string>): AsyncGenerator<Event, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body) {
    rest += typeof bytes === "string" ? bytes : decoder.decode(bytes, { stream: true });
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      const lines = rest.slice(0, end).split("\n");
      rest = rest.slice(end + 2);
      const value = (name: string): string | undefined =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      if (value("event") !== undefined) yield { type: value("event")!, data: JSON.parse(value("data") ?? "null") };
    }
  }
}

/** An upload whose answer can be read while it is still being sent, which `fetch` cannot do. */
export interface Upload {
  readonly request: ClientRequest;
  readonly status: Promise<number>;
  /** All events so far; the last one is `done` or `error` when `ended` resolves. */
  readonly events: Event[];
  readonly ended: Promise<void>;
  /** Waits for an event of that type. */
  next(type: string): Promise<Event>;
}

export function upload(url: string): Upload {
  const sent = request(url, { method: "POST", headers: { "content-type": "video/mp4" } });
  const events: Event[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const each of waiting) each();
  };
  const response = new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
    sent.on("response", resolve);
    sent.on("error", reject);
  });
  const ended = response.then(async (incoming) => {
    for await (const event of readEvents(incoming)) {
      events.push(event);
      wake();
    }
  });
  // Tests that break off an upload do not wait for its end.
  ended.catch(() => {}).finally(wake);
  return {
    request: sent,
    status: response.then((incoming) => incoming.statusCode!),
    events,
    ended,
    next: async (type) => {
      let over = false;
      ended.then(
        () => (over = true),
        () => (over = true),
      );
      for (;;) {
        const found = events.find((event) => event.type === type);
        if (found !== undefined) return found;
        if (over) throw new Error(`no "${type}", but ${JSON.stringify(events)}`);
        await new Promise<void>((resolve) => {
          const done = (): void => {
            waiting.delete(done);
            resolve();
          };
          waiting.add(done);
        });
        // `ended` settles in the same turn as its last event.
        await sleep(0);
      }
    },
  };
}

/** Sends a whole file. */
export async function post(url: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(url, {
    method: "POST",
    headers: { "content-type": "video/mp4", accept: "application/json", ...headers },
    body: createReadStream(path) as never,
    duplex: "half",
  } as RequestInit);
}
