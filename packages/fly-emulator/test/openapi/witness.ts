import { type IncomingMessage, type Server, createServer, request as send } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { ALLOWED } from "./allowed.ts";
import { differences } from "./document.ts";

/** Stands between a client and the emulator, passes everything on, and writes down what the OpenAPI document does not allow. */
export class Witness {
  /** Every difference that no entry of `ALLOWED` explains. */
  readonly violations: Set<string> = new Set();
  readonly #server: Server;
  readonly #target: URL;
  url = "";

  constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((request, response) => {
      this.#pass(request).then(
        ({ status, headers, body }) => response.writeHead(status, headers).end(body),
        // What the client would have seen: a connection that breaks off.
        () => response.destroy(),
      );
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #pass(
    incoming: IncomingMessage,
  ): Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }> {
    const { method = "GET", url = "/", headers } = incoming;
    const requestBody = await buffer(incoming);
    const outgoing = send(new URL(url, this.#target), {
      method,
      headers: { ...headers, host: this.#target.host },
      agent: false,
    });
    const hangUp = (): unknown => outgoing.destroy();
    incoming.socket.once("close", hangUp);
    outgoing.end(requestBody);
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    incoming.socket.off("close", hangUp);
    const body = await buffer(answer);
    const status = answer.statusCode ?? 0;
    const path = new URL(url, this.#target).pathname;
    if (path.startsWith("/v1/"))
      for (const difference of differences({
        method,
        path: path.slice("/v1".length),
        request: parsed(requestBody),
        status,
        response: parsed(body),
      }))
        if (!ALLOWED.some((allowed) => allowed.difference.test(difference))) this.violations.add(difference);
    return { status, headers: answer.headers, body };
  }
}

function parsed(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return body.toString("utf8");
  }
}
