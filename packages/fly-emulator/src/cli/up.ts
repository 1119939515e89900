import { parseArgs } from "node:util";
import { type Emulator, startEmulator } from "../emulator.ts";
import { faultFromWords } from "../faults/parse-fault.ts";
import { noTimes } from "../world/times.ts";
import { announce } from "./running.ts";
import { clockText, logText, say } from "./say.ts";
import { UsageError } from "./usage.ts";

const API_PORT = 4280;
const PROXY_PORT = 4281;

const OPTIONS = {
  port: { type: "string", default: String(API_PORT) },
  "proxy-port": { type: "string", default: String(PROXY_PORT) },
  latency: { type: "string", default: "0" },
  token: { type: "string" },
  org: { type: "string", default: "personal" },
  app: { type: "string", multiple: true, default: [] as string[] },
  image: { type: "string", multiple: true, default: [] as string[] },
  region: { type: "string" },
  network: { type: "string", default: "loopback" },
  fast: { type: "boolean", default: false },
  "no-rate-limit": { type: "boolean", default: false },
  fault: { type: "string", multiple: true, default: [] as string[] },
  json: { type: "boolean", default: false },
} as const;

/** Runs an emulator until a signal ends it. */
export async function up(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const { network } = values;
  if (network !== "loopback" && network !== "namespaces")
    throw new UsageError(`--network must be loopback or namespaces, and is "${network}"`);
  const token = values.token || process.env["FLY_API_TOKEN"] || undefined;
  const emulator = await startEmulator({
    port: portOf("--port", values.port),
    proxy: { port: portOf("--proxy-port", values["proxy-port"]) },
    latencyFactor: factorOf(values.latency),
    images: Object.fromEntries(values.image.map(imageOf)),
    faults: values.fault.map((text) => faultFromWords(text.trim().split(/\s+/))),
    network,
    rateLimit: !values["no-rate-limit"],
    ...(token === undefined ? {} : { token }),
    ...(values.region === undefined ? {} : { region: values.region }),
    ...(values.fast ? { times: noTimes } : {}),
  });
  for (const name of values.app) emulator.world.createApp({ name, org: values.org });
  const withdraw = announce({ url: emulator.url, token: emulator.token });
  tell(emulator, values.json);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => {
      withdraw();
      void emulator.close().then(() => process.exit(0));
    });
}

function tell({ url, token, world, proxy, dns, page }: Emulator, json: boolean): void {
  const print = (event: string, fields: object): void => say(JSON.stringify({ event, ...fields }));
  if (json) print("up", { url, token, proxy: proxy.url, dns, page });
  else
    say(
      `Fly on this host. ^C ends it, and everything in it.\n\n` +
        `  export FLY_FLAPS_BASE_URL=${url}   # the Machines API\n  export FLY_API_TOKEN=${token}\n\n` +
        `  Apps       http://<app>.localhost:${new URL(proxy.url).port}\n  Page       ${page}\n  .internal  DNS at ${dns.host}:${dns.port}\n`,
    );
  world.events.on("log", (line) => (json ? print("log", line) : say(logText(line))));
  world.events.on("call", (call) => {
    const at = world.clock.now();
    if (json) return print("call", { timestamp: at, ...call });
    // What only looks, and is answered, is not worth a line: clients ask for states all the time.
    if (call.method === "GET" && call.status < 400) return;
    say(`${clockText(at)} ${call.method} ${call.path} ${call.status} ${call.error ?? ""}`.trimEnd());
  });
  world.events.on("machine", (machine, previous) => {
    const { app, id, name, region, state } = machine;
    const at = world.clock.now();
    if (json) print("machine", { timestamp: at, app: app.name, machine: id, name, region, state, previous });
    else if (state !== previous) say(`${clockText(at)} ${app.name}/${id} ${region} * ${state} (${name})`);
  });
  world.events.on("app", (app, what) => {
    const at = world.clock.now();
    if (json) print("app", { timestamp: at, app: app.name, what });
    else say(`${clockText(at)} ${app.name} * ${what}`);
  });
  world.events.on("fault", (fault, what) => {
    const at = world.clock.now();
    if (json) print("fault", { timestamp: at, what, fault });
    else say(`${clockText(at)} fault ${fault.id} ${fault.kind} ${what}`);
  });
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`${option} must be a port, and is "${text}"`);
  return port;
}

function factorOf(text: string): number {
  const factor = Number(text);
  if (!Number.isFinite(factor) || factor < 0)
    throw new UsageError(`--latency must be a number from 0, and is "${text}"`);
  return factor;
}

function imageOf(text: string): [string, { folder: string }] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw new UsageError(`write --image <ref>=<folder>, not "${text}"`);
  return [text.slice(0, at), { folder: text.slice(at + 1) }];
}
