import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import { type Emulator, type EmulatorOptions, noTimes, startEmulator } from "../../src/index.ts";
import type { ProxyOptions } from "../../src/proxy/options.ts";
import type { ProxyEvent } from "../../src/proxy/proxy-events.ts";
import type { FlyProxy } from "../../src/proxy/proxy.ts";
import { createMachine } from "../../src/world/create-machine.ts";
import type { MachineService } from "../../src/world/machine-config.ts";
import type { Machine } from "../../src/world/machine.ts";

const IMAGE = "registry.fly.io/proxied:1";
const fixture = fileURLToPath(new URL("../fixtures/proxied.mjs", import.meta.url));

/** An answer, read to its end. */
export interface Got {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  /** What the machine of the fixture tells. */
  readonly json: any;
}

/** How to ask. */
export interface Ask {
  readonly app?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly port?: number;
}

/** How to make a machine. */
export interface Make {
  readonly app?: string;
  readonly service?: Partial<MachineService>;
  readonly env?: Record<string, string>;
  /** Leave it without waiting for it to listen; `stopped`: do not even boot it. */
  readonly as?: "listening" | "started" | "stopped";
}

/** An emulator and a proxy of a test's own. */
export class Behind {
  readonly emulator: Emulator;
  readonly proxy: FlyProxy;
  readonly events: ProxyEvent[] = [];

  constructor(emulator: Emulator) {
    this.emulator = emulator;
    this.proxy = emulator.proxy;
    this.proxy.events.on("event", (event) => this.events.push(event));
  }

  get world(): Emulator["world"] {
    return this.emulator.world;
  }

  app(name: string, org = "personal", network = ""): void {
    this.world.createApp({ name, org, network });
  }

  async machine(
    region: string,
    { app = "demo", service = {}, env = {}, as = "listening" }: Make = {},
  ): Promise<Machine> {
    const config = {
      image: IMAGE,
      env,
      services: [
        {
          protocol: "tcp",
          internal_port: 8080,
          ports: [
            { port: 80, handlers: ["http"], force_https: true },
            { port: 443, handlers: ["http", "tls"] },
          ],
          ...service,
        },
      ],
    };
    const machine = createMachine(this.world, this.world.app(app), {
      region,
      config,
      skipLaunch: as === "stopped",
      cordoned: false,
    });
    if (as === "listening") await this.line(machine, /^ready on/);
    else await machine.until(({ state }) => state === as);
    return machine;
  }

  /** Waits for a line of a machine's log. */
  async line(machine: Machine, pattern: RegExp): Promise<void> {
    const fits = (line: { machine: string | null; text: string }): boolean =>
      line.machine === machine.id && pattern.test(line.text);
    if (this.world.logs.find({}).some(fits)) return;
    await new Promise<void>((resolve) => {
      const look = (line: { machine: string | null; text: string }): void => {
        if (!fits(line)) return;
        this.world.events.off("log", look);
        resolve();
      };
      this.world.events.on("log", look);
    });
  }

  /** Waits until a machine has no requests. */
  async idle(machine: Machine): Promise<void> {
    while (this.proxy.load(machine.id) > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  /** The codes that the proxy logged for an app. */
  codes(app = "demo"): string[] {
    return this.world.logs
      .find({ app })
      .filter(({ stream }) => stream === "proxy")
      .map(({ text }) => /^\[(\w+)\]/.exec(text)?.[1] ?? text);
  }

  /** Begins a request, and gives the answer as soon as its head is there. */
  async open(
    path: string,
    { app = "demo", method = "GET", headers = {}, body, port }: Ask = {},
  ): Promise<IncomingMessage> {
    const request = httpRequest({
      host: "127.0.0.1",
      port: port ?? this.proxy.port,
      path,
      method,
      headers: { host: `${app}.fly.dev`, ...headers },
      agent: false,
    });
    request.end(body);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return response;
  }

  async get(path: string, ask: Ask = {}): Promise<Got> {
    const response = await this.open(path, ask);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const isJson = text !== "" && response.headers["content-type"] === "application/json";
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : null,
    };
  }
}

/** With an app `demo`, no times, and no autostop unless it is asked for. */
export async function behind(
  t: TestContext,
  proxy: ProxyOptions = {},
  emulator: EmulatorOptions = {},
): Promise<Behind> {
  const images = { [IMAGE]: { command: [process.execPath, fixture] } };
  const fly = await startEmulator({
    times: noTimes,
    rateLimit: false,
    images,
    proxy: { autostopInterval: Infinity, region: "iad", ...proxy },
    ...emulator,
  });
  t.after(() => fly.close());
  const world = new Behind(fly);
  world.app("demo");
  return world;
}
