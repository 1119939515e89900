import type { FastifyReply } from "fastify";

const HEARTBEAT_MS = 15_000;
/** A reader that is so far behind is cut off: it reconnects and gets what is there then. */
const MAX_BEHIND_BYTES = 4 * 1024 * 1024;

/** A response that sends events for as long as somebody reads them (`text/event-stream`). */
export class EventStream {
  readonly #response: FastifyReply["raw"];
  readonly #heartbeat: NodeJS.Timeout;

  constructor(reply: FastifyReply, onClose: () => void) {
    reply.hijack();
    this.#response = reply.raw;
    this.#response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    this.#response.flushHeaders();
    // Proxies close connections on which nothing happens.
    this.#heartbeat = setInterval(() => this.#write(":\n\n"), HEARTBEAT_MS);
    this.#response.once("close", () => {
      clearInterval(this.#heartbeat);
      onClose();
    });
  }

  send(event: string, data: unknown): void {
    this.#write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  close(): void {
    this.#response.end();
  }

  #write(text: string): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    this.#response.write(text);
    if (this.#response.writableLength > MAX_BEHIND_BYTES) this.#response.destroy();
  }
}
