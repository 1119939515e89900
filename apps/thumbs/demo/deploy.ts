import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { FlyApi, type MachineConfig } from "@flamelet/fly";
import { type Emulator, type EmulatorOptions, startEmulator } from "@flamelet/fly-emulator";
import { readDockerfile } from "./dockerfile.ts";
import { readFlyToml } from "./fly-toml.ts";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const IMAGE = "registry.fly.io/flamelet-thumbs:deployment";
const POSTGRES = "registry.fly.io/postgres:18";
/** How long a stop may take in all, in seconds, before everything is killed. */
const STOP_SECONDS = 5;

type Machine = ReturnType<Emulator["world"]["machines"]>[number];

export interface Deployment extends AsyncDisposable {
  readonly emulator: Emulator;
  /** The app, by way of Fly Proxy. */
  readonly url: string;
  /** Name of the app. */
  readonly app: string;
  /** Id of the machine that `fly deploy` made. */
  readonly parent: string;
}

export interface DeployOptions {
  /** Where the database keeps its data. */
  readonly dataDir: string;
  /** What `[env]` of fly.toml would hold. */
  readonly env?: Readonly<Record<string, string>>;
  /** How Fly is to be. */
  readonly fly?: EmulatorOptions;
}

/**
 * Fly on this host with this app on it, as `fly postgres create` and `fly deploy --ha=false` leave it: what runs is what
 * Dockerfile and fly.toml say. Resolves when the app answers.
 */
export async function deploy({ dataDir, env = {}, fly = {} }: DeployOptions): Promise<Deployment> {
  const dockerfile = readDockerfile(await readFile(join(FOLDER, "Dockerfile"), "utf8"));
  const toml = readFlyToml(await readFile(join(FOLDER, "fly.toml"), "utf8"));
  const node = process.execPath;
  const images = {
    // "node" is the one of the image; here it is this one.
    [IMAGE]: { folder: FOLDER, env: dockerfile.env, command: [node, ...dockerfile.command.slice(1)] },
    // A socket's address must be short, so it is not below the machine's own folder.
    [POSTGRES]: { folder: FOLDER, env: { TMPDIR: tmpdir() }, command: [node, "demo/postgres.ts", dataDir] },
  };
  const emulator = await startEmulator({ region: toml.region, ...fly, images });
  const { world, token } = emulator;
  const api = new FlyApi({ baseUrl: emulator.url, token });
  /** What runs, newest first. */
  const running: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    // In order, so that the app can still reach its database; what does not end by then ends with the emulator.
    for (const stop of running.splice(0)) await stop().catch(() => {});
    await emulator.close();
  };
  const start = async (app: string, config: MachineConfig): Promise<string> => {
    const machines = api.machines(app);
    const { id } = await machines.create({ region: toml.region, config });
    running.unshift(async () => {
      if (world.apps.get(app)?.machine(id).state !== "started") return;
      await machines.stop(id, { signal: "SIGTERM", timeout: `${STOP_SECONDS}s` });
      await machines.wait(id, "stopped", { seconds: STOP_SECONDS });
    });
    return id;
  };
  try {
    const database = world.createApp({ name: `${toml.name}-db`, org: "personal" });
    const address = firstLine(emulator, database.name);
    await start(database.name, { image: POSTGRES });
    const app = world.createApp({ name: toml.name, org: "personal" });
    app.setSecret("DATABASE_URL", await address, Date.now());
    app.setSecret("FLY_API_TOKEN", token, Date.now());
    const config = { ...toml.config, image: IMAGE, env: { ...toml.config.env, ...env } };
    const parent = await start(app.name, config);
    await answers(emulator, app.name, app.machine(parent));
    const { port } = new URL(emulator.proxy.url);
    return {
      emulator,
      url: `http://${app.name}.localhost:${port}`,
      app: app.name,
      parent,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until Fly Proxy has an answer of the app, which it starts for that if it is stopped. Rejects when the app fails. */
async function answers(emulator: Emulator, app: string, parent: Machine): Promise<void> {
  const { hostname, port } = new URL(emulator.proxy.url);
  for (;;) {
    // Not by `fetch`, which takes no other host than that of its address.
    const asking = request({ hostname, port, path: "/healthz", headers: { host: `${app}.fly.dev` } }).end();
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    response.resume();
    if (response.statusCode === 200) return;
    const exit = parent.events.find(({ type }) => type === "exit")?.request?.exit_event;
    if (exit !== undefined && exit.exit_code !== 0) throw new Error(ended(emulator, app));
    // As long as no health check has passed, the proxy refuses at once.
    await sleep(100);
  }
}

/** The first line that a machine of that app writes. Rejects when it ends instead. */
function firstLine({ world }: Emulator, app: string): Promise<string> {
  return new Promise((resolve, reject) => {
    world.events.on("log", (line) => {
      if (line.app === app && line.stream === "stdout") resolve(line.text);
    });
    world.events.on("machine", (machine) => {
      if (machine.app.name === app && machine.state === "stopped") reject(new Error(ended({ world }, app)));
    });
  });
}

function ended({ world }: Pick<Emulator, "world">, app: string): string {
  const lines = world.logs.find({ app, limit: 20 }).map(({ text }) => text);
  return `${app} ended:\n${lines.join("\n")}`;
}
