import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FlyApi } from "@flamelet/fly";
import { noTimes, startEmulator } from "@flamelet/fly-emulator";
import { startEmbeddedPostgres } from "../src/database/embedded-postgres.ts";
import { temporaryFolder } from "./support/folder.ts";
import { makeVideo } from "./support/videos.ts";

const IMAGE = "registry.fly.io/thumbs:1";
const folder = fileURLToPath(new URL("..", import.meta.url));

test("on Fly, the parent is a machine behind the proxy, and each video has a machine of its own", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.path, "short.mp4");
  await makeVideo(path);
  const postgres = await startEmbeddedPostgres(join(temporary.path, "postgres"), "thumbs");
  await using _postgres = { [Symbol.asyncDispose]: () => postgres.stop() };
  // The emulator's machines share this host, so each has to listen on its own address.
  const command = ["sh", "-c", `HOST=$FLY_PRIVATE_IP exec ${process.execPath} --import flamelet/register src/main.ts`];
  const env = { PORT: "8080", STORE: "database", RUNNER_IDLE_MS: "500" };
  const emulator = await startEmulator({ times: noTimes, images: { [IMAGE]: { folder, command, env } } });
  await using _emulator = { [Symbol.asyncDispose]: () => emulator.close() };
  const { world } = emulator;
  const app = world.createApp({ name: "thumbs", org: "personal" });
  app.setSecret("DATABASE_URL", postgres.url, Date.now());
  app.setSecret("FLY_API_TOKEN", emulator.token, Date.now());
  const machines = new FlyApi({ baseUrl: emulator.url, token: emulator.token }).machines("thumbs");
  const check = { type: "http", port: 8080, path: "/healthz", interval: "100ms", timeout: "2s" };
  const service = { protocol: "tcp", internal_port: 8080, ports: [{ port: 80, handlers: ["http"] }], checks: [check] };
  const { id: parent } = await machines.create({ config: { image: IMAGE, services: [service as never] } });
  const machine = world.machines().find(({ id }) => id === parent) ?? assert.fail();
  while (!machine.healthy || machine.state !== "started") await once(world.events, "machine");

  const ask = async (method: string, target: string, body?: Buffer): Promise<Buffer> => {
    const headers = { host: "thumbs.fly.dev", accept: "application/json" };
    const outgoing = request({ port: emulator.proxy.port, method, path: target, headers }).end(body);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    const answer = Buffer.concat(await response.toArray());
    assert.ok((response.statusCode ?? 500) < 300, answer.toString());
    return answer;
  };
  const made = new Set<string>();
  world.events.on("machine", ({ id }) => made.add(id));
  const video = JSON.parse((await ask("POST", "/api/videos?every=1", await readFile(path))).toString()) as {
    runner: string;
    thumbnails: { url: string }[];
  };
  assert.match(video.runner, /^ffmpeg-1-/);
  assert.ok(video.thumbnails.length > 0);
  assert.equal((await ask("GET", video.thumbnails[0]?.url ?? "")).toString("latin1", 1, 4), "PNG");
  made.delete(parent);
  assert.equal(made.size, 1, "ffmpeg ran on a machine of its own");
  // And back to none.
  while (world.machines().length > 1) await once(world.events, "machine");
});
