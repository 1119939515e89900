import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

/**
 * A `fetch` for long polls: a request under way does not keep the process alive, which the global one's do. No redirects, no
 * request bodies, no streaming: what the Machines API's `wait` needs.
 */
export function backgroundFetch(request: Request): Promise<Response> {
  const send = new URL(request.url).protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = send(request.url, {
      method: request.method,
      headers: { ...Object.fromEntries(request.headers), connection: "close" },
      // A socket of its own: one of a pool may be in use by a request that somebody waits for.
      agent: false,
      signal: request.signal,
    });
    outgoing.on("socket", (socket) => void socket.unref());
    outgoing.once("error", reject);
    outgoing.once("response", (answer) => {
      collect(answer).then(resolve, reject);
    });
    outgoing.end();
  });
}

async function collect(answer: IncomingMessage): Promise<Response> {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headersDistinct))
    for (const one of value ?? []) headers.append(name, one);
  return new Response(Buffer.concat(parts), { status: answer.statusCode ?? 502, headers });
}
