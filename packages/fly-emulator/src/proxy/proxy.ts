import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { RegionNetwork } from "../regions/network.ts";
import { findRegion } from "../regions/table.ts";
import { machineAt } from "../world/machine-at.ts";
import { ulid } from "../world/ids.ts";
import type { World } from "../world/world.ts";
import { appOfHost } from "./app-of-host.ts";
import { Autostop } from "./autostop.ts";
import type { ProxyContext } from "./context.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Exchange } from "./exchange.ts";
import { type Arrival, proxyResponseHeaders, text } from "./headers.ts";
import { Loads } from "./loads.ts";
import type { ProxyOptions, ProxySettings } from "./options.ts";
import type { ProxyEvent, ProxyEvents } from "./proxy-events.ts";
import { ReplayCache } from "./replay/cache.ts";
import { httpService } from "./service.ts";
import { Tunnels } from "./tunnels.ts";
import { Waker } from "./waker.ts";

/** A running Fly Proxy. */
export interface FlyProxy {
  /** `http://127.0.0.1:<port>`; an app is at `http://<app>.localhost:<port>`. */
  readonly url: string;
  readonly port: number;
  /** The ports of `regionPorts`. */
  readonly regionPorts: Readonly<Record<string, number>>;
  readonly events: ProxyEvents;
  readonly network: RegionNetwork;
  /** Requests that a machine has now. */
  load(machine: string): number;
  close(): Promise<void>;
}

const DEFAULTS: Omit<ProxySettings, "network"> = {
  host: "127.0.0.1",
  port: 0,
  regionPorts: {},
  region: "iad",
  hosts: {},
  flycast: null,
  replayBodyLimit: 1 << 20,
  tries: 90,
  retryDelay: 50,
  connectTimeout: 5000,
  wakeTimeout: 30_000,
  queueTimeout: 30_000,
  autostopInterval: 300_000,
  autostopDrain: 5000,
  random: Math.random,
};

/** Flycast is plain HTTP: https://fly.io/docs/networking/flycast/ */
const FLYCAST_PORT = 80;

/** Starts Fly Proxy for the apps of a world. */
export async function startProxy(world: World, options: ProxyOptions = {}): Promise<FlyProxy> {
  const settings: ProxySettings = { ...DEFAULTS, network: options.network ?? new RegionNetwork(), ...options };
  for (const code of [settings.region, ...Object.keys(settings.regionPorts)]) {
    if (findRegion(code) === undefined)
      throw new RangeError(`the proxy cannot stand in ${JSON.stringify(code)}: no such region`);
  }
  const events: ProxyEvents = new EventEmitter();
  events.setMaxListeners(0);
  const tell = (event: ProxyEvent): void => void events.emit("event", event);
  const report: ProxyContext["report"] = (app, machine, trouble, request) => {
    const { code, message } = trouble;
    const line = { app: app.name, machine: machine?.id ?? null, region: machine?.region ?? settings.region };
    world.logLine({ ...line, stream: "proxy", text: `[${code}] ${message}` });
    tell({ type: "trouble", request, at: world.clock.now(), app: app.name, machine: line.machine, code, message });
  };
  const loads = new Loads();
  const waker = new Waker(world, settings.wakeTimeout);
  const dispatcher = new Dispatcher(world, settings, { loads, waker, report: (...args) => report(...args, null) });
  const tunnels = new Tunnels();
  const cache = new ReplayCache(() => world.clock.now());
  const context: ProxyContext = { world, settings, dispatcher, cache, tunnels, tell, report };
  const autostop = new Autostop(context, loads);
  waker.events.on("wake", ({ id, app, region }) => {
    tell({ type: "wake", at: world.clock.now(), app: app.name, machine: id, region });
  });
  const inside = (request: IncomingMessage): string =>
    machineAt(world, request.socket.remoteAddress ?? "")?.region ?? settings.region;
  const { host, regionPorts, region, flycast } = settings;
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    autostop.close();
    await Promise.all(servers.map(closeServer));
  };
  const open = async (at: string, port: number, edgeOf: (request: IncomingMessage) => string): Promise<number> => {
    const server = await listen(context, { host: at, port, edgeOf });
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  try {
    const port = await open(host, settings.port, () => region);
    const ports: Record<string, number> = {};
    for (const [code, wanted] of Object.entries(regionPorts)) ports[code] = await open(host, wanted, () => code);
    if (flycast !== null) await open(flycast, FLYCAST_PORT, inside);
    const { network } = settings;
    const url = `http://${host}:${port}`;
    return { port, url, regionPorts: ports, events, network, load: (machine) => loads.of(machine), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The open sockets of each server, upgraded ones too, which Node does not close by itself. */
const sockets = new WeakMap<Server, Set<Socket>>();

async function listen(
  context: ProxyContext,
  { host, port, edgeOf }: { host: string; port: number; edgeOf: (request: IncomingMessage) => string },
): Promise<Server> {
  const server = createServer({ requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 5000 });
  const open = new Set<Socket>();
  sockets.set(server, open);
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  server.on("request", (request, response) => accept(context, edgeOf(request), request, { response, upgrade: null }));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.on("finish", () => socket.end());
    socket.on("error", () => socket.destroy());
    accept(context, edgeOf(request), request, { response, upgrade: { socket, head } });
  });
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

function accept(
  context: ProxyContext,
  edge: string,
  request: IncomingMessage,
  to: ConstructorParameters<typeof Exchange>[3],
): void {
  const { world, settings } = context;
  const entered = text(request.headers["fly-emulator-region"]) ?? edge;
  const port = text(request.headers["fly-emulator-port"]);
  const requestId = `${ulid(world.clock.now())}-${entered}`;
  if (port !== undefined && !/^\d{1,5}$/.test(port)) return refuse(to.response, 400, requestId, `no port "${port}"`);
  if (findRegion(entered) === undefined) return refuse(to.response, 400, requestId, `no region "${entered}"`);
  const name = appOfHost(request.headers.host, settings.hosts);
  const app = name === null ? undefined : world.apps.get(name);
  if (app === undefined) return refuse(to.response, 404, requestId, nobody(world, request.headers.host));
  const arrival: Arrival = { request, requestId, edge: entered, port: port === undefined ? undefined : Number(port) };
  if (redirectToHttps(arrival, app, to.response)) return;
  void new Exchange(context, app, arrival, to).run();
}

/** `force_https` holds where the client says which port it means; the emulator's own port has no TLS to go to. */
function redirectToHttps(
  { request, requestId, port }: Arrival,
  app: { living: { config: Parameters<typeof httpService>[0] }[] },
  response: ServerResponse,
): boolean {
  if (port === undefined) return false;
  const service = app.living.map(({ config }) => httpService(config, port)).find((each) => each !== null);
  if (service?.forceHttps !== true || service.tls) return false;
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  response.writeHead(301, ["location", `https://${host}${request.url ?? "/"}`, ...proxyResponseHeaders(requestId)]);
  response.end();
  return true;
}

function nobody(world: World, host: string | undefined): string {
  const known = [...world.apps.keys()].map((app) => `${app}.localhost`).join(", ") || "none";
  return `no app has the host name ${JSON.stringify(host ?? "")}; there are: ${known}`;
}

function refuse(response: ServerResponse, status: number, requestId: string, message: string): void {
  response.writeHead(status, ["content-type", "text/plain; charset=utf-8", ...proxyResponseHeaders(requestId)]);
  response.end(`${status}: ${message}\n`);
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  for (const socket of sockets.get(server) ?? []) socket.destroy();
  await closed;
}
