import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { FlyApi, type FlyApiOptions } from "../../src/index.ts";

export const TOKEN = "fm2_a_token_that_nobody_may_see";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

/** What the server answers: a status, a body that becomes JSON unless it is text, headers; or null: it hangs up. */
export type Answer = readonly [status: number, body?: unknown, headers?: Record<string, string>] | null;

/** An API that answers what the test says, and a client of it. */
export async function served(
  t: TestContext,
  answer: (asked: Asked, count: number) => Answer,
  options: FlyApiOptions = {},
): Promise<{ api: FlyApi; asked: Asked[]; url: string }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { method, path: url, headers, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
      asked.push(one);
      const given = answer(one, asked.length);
      if (given === null) return request.socket.destroy();
      const [status, body, more = {}] = given;
      const isText = typeof body === "string";
      response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json", ...more });
      response.end(body === undefined ? undefined : isText ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // No pauses: their length is another test's.
  return { api: new FlyApi({ baseUrl: url, token: TOKEN, random: () => 0, ...options }), asked, url };
}
