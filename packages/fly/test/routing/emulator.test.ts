import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Emulator, noTimes, startEmulator } from "@flamelet/fly-emulator";
import type { Member } from "../../src/index.ts";
import { client } from "../backend/harness.ts";

const IMAGE = "registry.fly.io/demo:1";
const app = fileURLToPath(new URL("./fixtures/routed.ts", import.meta.url));

interface Answer {
  readonly self: string;
  readonly source: { instance: string; region: string; state: string } | null;
  readonly failure: { reason: string; instance: string } | null;
  readonly members: Member[] | null;
}

describe("behind Fly Proxy", () => {
  let emulator: Emulator;
  let ams: string;
  let lhr: string;

  before(async () => {
    const command = [process.execPath, "--import", "@flamelet/fly-emulator/preload", app];
    const folder = fileURLToPath(new URL("../..", import.meta.url));
    emulator = await startEmulator({ times: noTimes, rateLimit: false, images: { [IMAGE]: { command, folder } } });
    emulator.world.createApp({ name: "demo", org: "personal" });
    [ams, lhr] = await Promise.all([machine("ams"), machine("lhr")]);
  });
  after(() => emulator.close());

  async function machine(region: string): Promise<string> {
    const machines = client(emulator).machines("demo");
    const check = { type: "http", port: 8080, path: "/", interval: "100ms", timeout: "1m" };
    const service = {
      protocol: "tcp",
      internal_port: 8080,
      ports: [{ port: 80, handlers: ["http"] }],
      checks: [check],
    };
    const config = { image: IMAGE, services: [service as never] };
    const { id } = await machines.create({ region, config });
    await machines.wait(id, "started");
    const made = emulator.world.machines().find((one) => one.id === id) ?? assert.fail();
    while (!made.healthy) await once(emulator.world.events, "machine");
    return id;
  }

  async function ask(path: string, region: string): Promise<Answer> {
    const outgoing = request({
      port: emulator.proxy.port,
      path,
      headers: { host: "demo.fly.dev", "fly-prefer-region": region },
    }).end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    const text = (await response.toArray()).join("");
    assert.equal(response.statusCode, 200, text);
    return JSON.parse(text) as Answer;
  }

  test("a request reaches the machine that the first one named, and can tell where it came from", async () => {
    const { self, source } = await ask(`/?instance=${lhr}`, "ams");
    assert.equal(self, lhr);
    assert.deepEqual([source?.instance, source?.region, source?.state], [ams, "ams", "s"]);
  });

  test("a request whose target is not there comes back, with the reason", async () => {
    const { self, failure } = await ask("/?instance=000000000000", "ams");
    assert.equal(self, ams);
    assert.ok(failure !== null);
    assert.notEqual(failure.reason, "");
  });

  test("a WebSocket is upgraded by the machine that the first one named", async () => {
    const outgoing = request({
      port: emulator.proxy.port,
      path: `/?instance=${lhr}`,
      headers: {
        host: "demo.fly.dev",
        "fly-prefer-region": "ams",
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": Buffer.alloc(16).toString("base64"),
      },
    }).end();
    const [response, socket] = (await once(outgoing, "upgrade")) as [IncomingMessage, { destroy(): void }];
    socket.destroy();
    assert.equal(response.headers["x-self"], lhr);
  });

  test("the members of an app are found by DNS, with region and id", async () => {
    const { members } = await ask("/members", "ams");
    assert.deepEqual(
      new Map(members?.map(({ id, region }) => [id, region])),
      new Map([
        [ams, "ams"],
        [lhr, "lhr"],
      ]),
    );
    for (const { address } of members ?? []) assert.match(address, /:/);
  });
});
