import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { HealthCheck } from "./check-list.ts";

/** Asks once. Resolves with what it saw, rejects with what was wrong. */
export function probe(check: HealthCheck, host: string): Promise<string> {
  return check.type === "tcp" ? probeTcp(check, host) : probeHttp(check, host);
}

function probeTcp({ port, timeout }: HealthCheck, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, timeout });
    socket.once("connect", () => resolve("Success"));
    socket.once("timeout", () => reject(new Error(`timeout after ${timeout} ms`)));
    socket.once("error", reject);
    socket.once("connect", () => socket.destroy()).once("timeout", () => socket.destroy());
  });
}

function probeHttp(check: HealthCheck, host: string): Promise<string> {
  const { port, timeout, method, path, protocol } = check;
  return new Promise((resolve, reject) => {
    const send = protocol === "https" ? httpsRequest : httpRequest;
    const request = send({
      host,
      port,
      method,
      path,
      headers: Object.fromEntries(check.headers),
      signal: AbortSignal.timeout(timeout),
      agent: false,
      // As with `tls_skip_verify`: a machine has no certificate for its address.
      ...(protocol === "https" ? { rejectUnauthorized: false } : {}),
    });
    request.once("error", (error) =>
      reject(error.name === "AbortError" ? new Error(`timeout after ${timeout} ms`) : error),
    );
    request.once("response", (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) resolve(`${statusCode}`);
      else reject(new Error(`${method} ${path} answered ${statusCode}`));
    });
    request.end();
  });
}
