import { join } from "node:path";
import { parseArgs } from "node:util";
import { config } from "../src/config.ts";
import { deploy } from "./deploy.ts";

const HELP = `npm run demo:fly -- [--port N] [--autostop S]

Runs this app on an emulated Fly: the web server on a machine behind Fly Proxy, each video on a machine of its own, and a
Postgres on one more, as Dockerfile and fly.toml say. Prints where the app is, and a page on which machines can be seen to
come and go and faults can be switched on. ^C ends all of it; videos stay for the next time.

  --port N       the port of Fly Proxy (default 4281; 0 takes any free one)
  --autostop S   seconds between two looks of Fly Proxy for machines without requests (default 30; Fly: every few minutes)
`;

/** Thrown at whoever typed the command. */
class UsageError extends Error {}

function whole(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, but it is "${text}"`);
  return value;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "4281" },
      autostop: { type: "string", default: "30" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const proxy = {
    port: whole("port", values.port, 0, 65_535),
    autostopInterval: whole("autostop", values.autostop, 1, 86_400) * 1_000,
  };
  const dataDir = join(config.storeDir, "postgres-on-fly");
  // Asked to end while it starts, it ends as soon as it can be ended in order.
  const asked = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
  });
  await using fly = await deploy({ dataDir, fly: { proxy: { region: "ams", ...proxy } } });
  const { emulator, app } = fly;
  console.log(`Fly on this host, with ${app} on it. ^C ends it, and everything in it.\n`);
  console.log(`  App    ${fly.url}\n  Fly    ${emulator.page}\n`);
  emulator.world.events.on("machine", (machine, previous) => {
    if (machine.state === previous) return;
    console.log(`${machine.app.name} ${machine.id} ${machine.region} ${machine.state} (${machine.name})`);
  });
  await asked;
  console.log("Ending.");
}

main().catch((error: Error & { code?: string }) => {
  const usage = error instanceof UsageError || error.code?.startsWith("ERR_PARSE_ARGS") === true;
  if (usage) console.error(`demo:fly: ${error.message}\n\n${HELP}`);
  else if (error.code === "EADDRINUSE") console.error(`demo:fly: ${error.message}; choose another --port`);
  else console.error(error);
  process.exit(usage ? 2 : 1);
});
