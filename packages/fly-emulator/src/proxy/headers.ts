import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { ReplayTransform } from "./replay/instruction.ts";
import type { HttpService } from "./service.ts";

/** Headers by lower-case name, as `http.request` takes them. */
export type Headers = Record<string, string | string[]>;

/** Headers that belong to one connection: RFC 9110 §7.6.1. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What only the proxy may say, so that a machine can believe it. */
const PROXY_ONLY = [
  "fly-replay-src",
  "fly-replay-failed",
  "fly-replay-cache-status",
  "fly-preferred-instance-unavailable",
  "fly-client-ip",
  "fly-forwarded-port",
  "fly-region",
  "fly-request-id",
  "x-forwarded-ssl",
];

/** What a request says to the emulator alone. */
const EMULATOR_ONLY = ["fly-emulator-region", "fly-emulator-port"];

/** A request as it came in. */
export interface Arrival {
  readonly request: IncomingMessage;
  readonly requestId: string;
  /** The region that it entered at. */
  readonly edge: string;
  /** The port that the client is taken to have connected to, if it said one. */
  readonly port: number | undefined;
}

/**
 * The headers that a machine gets, as https://fly.io/docs/networking/request-headers/ says. `special` are those of this
 * delivery: `fly-replay-src` and the like.
 */
export function requestHeaders(
  { request, requestId, edge, port }: Arrival,
  service: HttpService,
  transform: ReplayTransform | undefined,
  special: Readonly<Record<string, string | undefined>>,
): Headers {
  const headers = endToEnd(request);
  for (const name of [...PROXY_ONLY, ...EMULATOR_ONLY]) delete headers[name];
  const { socket } = request;
  const client = plainIp(socket.remoteAddress);
  const proto = port !== undefined && service.tls ? "https" : "http";
  const forwardedPort = String(port ?? socket.localPort ?? service.port);
  headers["fly-client-ip"] = client;
  headers["fly-forwarded-port"] = forwardedPort;
  headers["fly-region"] = edge;
  headers["fly-request-id"] = requestId;
  headers["x-forwarded-for"] = [text(headers["x-forwarded-for"]), client, plainIp(socket.localAddress)]
    .filter((part) => part !== undefined)
    .join(", ");
  headers["x-forwarded-proto"] = proto;
  headers["x-forwarded-port"] ??= forwardedPort;
  headers["x-forwarded-ssl"] = proto === "https" ? "on" : "off";
  headers["via"] = [text(headers["via"]), `${request.httpVersion} fly.io`]
    .filter((part) => part !== undefined)
    .join(", ");
  for (const name of transform?.deleteHeaders ?? []) delete headers[name];
  for (const { name, value } of transform?.setHeaders ?? []) headers[name] = value;
  for (const [name, value] of Object.entries(special)) if (value !== undefined) headers[name] = value;
  return headers;
}

/** The headers that the client gets: flat, names and values in turn, so that they keep their order and their case. */
export function responseHeaders(response: IncomingMessage, service: HttpService, requestId: string): string[] {
  const drop = new Set([...HOP_BY_HOP, ...connectionOptions(response.headers)]);
  // The proxy speaks for itself, and an instruction to the proxy is not for the client.
  for (const name of service.pristine ? [] : ["server", "via", "fly-request-id"]) drop.add(name);
  for (const name of service.responseHeaders.keys()) drop.add(name.toLowerCase());
  const headers: string[] = [];
  for (let at = 0; at < response.rawHeaders.length; at += 2) {
    const name = response.rawHeaders[at] as string;
    if (!drop.has(name.toLowerCase())) headers.push(name, response.rawHeaders[at + 1] as string);
  }
  for (const [name, value] of service.responseHeaders) {
    if (value !== false) for (const each of [value].flat()) headers.push(name, each);
  }
  if (!service.pristine) headers.push(...proxyResponseHeaders(requestId, response.headers["via"]));
  return headers;
}

/** What the proxy adds to every answer, also to its own. */
export function proxyResponseHeaders(requestId: string, via?: string): string[] {
  const added = ["server", "Fly/emulator", "via", via === undefined ? "1.1 fly.io" : `${via}, 1.1 fly.io`];
  return [...added, "fly-request-id", requestId];
}

/** Without those of the connection that it came by. */
function endToEnd(message: IncomingMessage): Headers {
  const drop = new Set([...HOP_BY_HOP, "expect", ...connectionOptions(message.headers)]);
  const headers: Headers = {};
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (values === undefined || drop.has(name)) continue;
    headers[name] = values.length === 1 ? (values[0] as string) : name === "cookie" ? values.join("; ") : values;
  }
  return headers;
}

function connectionOptions(headers: IncomingHttpHeaders): string[] {
  return (headers.connection ?? "").split(",").map((option) => option.trim().toLowerCase());
}

/** Of one value or several. */
export function text(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : value.join(", ");
}

/** `::ffff:127.0.0.1` is an IPv4 client. */
function plainIp(address: string | undefined): string {
  return (address ?? "").replace(/^::ffff:/, "");
}
