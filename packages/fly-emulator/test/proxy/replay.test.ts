import assert from "node:assert/strict";
import { test } from "node:test";
import { behind } from "./behind.ts";

const encoded = (text: string): string => encodeURIComponent(text);
/** A query with which the machine of that id, region or app asks for that replay. */
const asks = (who: string, replay: string): string => `${who}=${encoded(replay)}`;
const asksJson = (who: string, replay: object): string => `json-${who}=${encoded(JSON.stringify(replay))}`;

test("a replay to a region: the same request again, and nothing of the first answer", async (t) => {
  const fly = await behind(t, { region: "iad" });
  const [iad, ams] = await Promise.all([fly.machine("iad"), fly.machine("ams")]);
  const path = `/p?${asks("iad", "region=ams;state=abc")}`;
  const { status, json } = await fly.get(path, { method: "POST", body: "hello", headers: { "x-mine": "1" } });
  assert.equal(status, 200);
  assert.deepEqual([json.id, json.method, json.url, json.body], [ams.id, "POST", path, "hello"]);
  assert.equal(json.headers["x-mine"], "1");
  assert.match(json.headers["fly-replay-src"], new RegExp(`^instance=${iad.id};region=iad;t=\\d{16};state=abc$`));
  assert.equal(json.headers["fly-replay-cache-status"], "miss");
  assert.equal(json.headers["fly-region"], "iad");
  assert.deepEqual(
    fly.events.map((event) => event.type),
    ["request", "delivery", "replay", "delivery", "end"],
  );
});

test("a replay to a list of regions takes the first that has a machine", async (t) => {
  const fly = await behind(t, { region: "iad" });
  await Promise.all([fly.machine("iad"), fly.machine("fra"), fly.machine("syd")]);
  assert.equal((await fly.get(`/?${asks("iad", 'region="nrt,eu"')}`)).json.region, "fra");
  assert.equal((await fly.get(`/?${asks("iad", 'region="nrt,apac,any"')}`)).json.region, "syd");
  const { status, text } = await fly.get(`/?${asks("iad", "region=nrt")}`);
  assert.equal(status, 503);
  assert.match(text, /PR01/);
});

test("instance, prefer_instance and elsewhere", async (t) => {
  const fly = await behind(t, { region: "iad" });
  const [a, b, c] = await Promise.all([fly.machine("iad"), fly.machine("ams"), fly.machine("nrt")]);
  assert.equal((await fly.get(`/?${asks("iad", `instance=${c.id}`)}`)).json.id, c.id);
  const preferred = await fly.get(`/?${asks("iad", `prefer_instance=${b.id}`)}`);
  assert.equal(preferred.json.id, b.id);
  assert.equal(preferred.json.headers["fly-preferred-instance-unavailable"], undefined);
  const gone = await fly.get(`/?${asks("iad", "prefer_instance=0123456789abcd;elsewhere=true")}`);
  assert.equal(gone.json.id, b.id);
  assert.equal(gone.json.headers["fly-preferred-instance-unavailable"], "0123456789abcd");
  assert.equal((await fly.get(`/?${asks("iad", "elsewhere=true")}`)).json.id, b.id);
  assert.equal((await fly.get(`/?${asks("iad", "instance=0123456789abcd")}`)).status, 503);
  assert.ok(a.id !== b.id);
});

test("another app: of the same organization and network only", async (t) => {
  const fly = await behind(t);
  fly.app("worker");
  fly.app("foreign", "other-org");
  fly.app("apart", "personal", "own-network");
  await Promise.all([
    fly.machine("iad"),
    fly.machine("ams", { app: "worker" }),
    fly.machine("ams", { app: "foreign" }),
  ]);
  const { json } = await fly.get(`/?${asks("demo", "app=worker")}`);
  assert.deepEqual([json.app, json.headers.host], ["worker", "demo.fly.dev"]);
  for (const [app, code] of [
    ["nobody", "PA04"],
    ["foreign", "PA05"],
    ["apart", "PA05"],
  ]) {
    const { status, text } = await fly.get(`/?${asks("demo", `app=${app}`)}`);
    assert.equal(status, 502);
    assert.match(text, new RegExp(code as string));
  }
});

test("the JSON form, with a transform", async (t) => {
  const fly = await behind(t);
  fly.app("worker");
  await Promise.all([fly.machine("iad"), fly.machine("ams", { app: "worker" })]);
  const transform = {
    path: "/new?a=b",
    delete_headers: ["cookie"],
    set_headers: [{ name: "Authorization", value: "Bearer x" }],
  };
  const { json } = await fly.get(`/?${asksJson("demo", { app: "worker", state: "s", transform })}`, {
    headers: { cookie: "secret=1", authorization: "Basic y" },
  });
  assert.deepEqual([json.app, json.url], ["worker", "/new?a=b"]);
  assert.equal(json.headers.cookie, undefined);
  assert.equal(json.headers.authorization, "Bearer x");
  assert.match(json.headers["fly-replay-src"], /;state=s$/);
});

test("an invalid replay is PA03 and a 502", async (t) => {
  const fly = await behind(t);
  await fly.machine("iad");
  for (const query of [asks("demo", "region=mars"), `json-demo=${encoded("{")}`]) {
    const { status, text } = await fly.get(`/?${query}`);
    assert.equal(status, 502);
    assert.match(text, /PA03/);
  }
});

test("ten replays in a row, and not eleven", async (t) => {
  const fly = await behind(t, { region: "iad" });
  await Promise.all([fly.machine("iad"), fly.machine("ams")]);
  const { status, text } = await fly.get(`/?${asks("iad", "region=ams")}&${asks("ams", "region=iad")}`);
  assert.equal(status, 502);
  assert.match(text, /PA02/);
  assert.equal(fly.events.filter((event) => event.type === "delivery").length, 11);
});

test("a body is replayed up to the limit, and refused with PA01 above it; without a replay it may be of any size", async (t) => {
  const fly = await behind(t, { region: "iad" });
  await Promise.all([fly.machine("iad"), fly.machine("ams")]);
  const path = `/?after-body&${asks("iad", "region=ams")}`;
  const fits = await fly.get(path, { method: "POST", body: Buffer.alloc(1 << 20, "x") });
  assert.deepEqual([fits.json.region, fits.json.body.length], ["ams", 1 << 20]);
  const over = await fly.get(path, { method: "POST", body: Buffer.alloc((1 << 20) + 1, "x") });
  assert.equal(over.status, 502);
  assert.match(over.text, /PA01/);
  const answered = await fly.get("/", { method: "POST", body: Buffer.alloc((1 << 20) + 1, "x") });
  assert.equal(answered.json.body.length, (1 << 20) + 1);
});

test("a fallback brings the request back, and says why", async (t) => {
  const fly = await behind(t, { region: "iad" });
  fly.app("worker");
  const demo = await fly.machine("iad");
  const path = `/?${asks("demo", "app=worker;region=ams;fallback=force_self")}`;
  const none = (await fly.get(path)).json;
  assert.equal(none.id, demo.id);
  const failed = new RegExp(`^app=worker;region=ams;replay_source=${demo.id};reason=no_candidate;elapsed_ms=\\d+$`);
  assert.match(none.headers["fly-replay-failed"], failed);
  assert.equal(none.headers["fly-replay-src"], undefined);
  const again = await fly.get(`${path}&again`);
  assert.equal(again.status, 502);
  assert.match(again.text, /PA03/);
});

test("a timeout ends the search for the target, with or without a fallback", async (t) => {
  const fly = await behind(t, { region: "iad" });
  fly.app("worker");
  const deaf = await fly.machine("ams", { app: "worker", env: { PORT: "9090" } });
  const demo = await fly.machine("iad");
  const replay = `instance=${deaf.id};app=worker;timeout=200ms`;
  const { json } = await fly.get(`/?${asks("demo", `${replay};fallback=prefer_self`)}`);
  assert.equal(json.id, demo.id);
  const failed = /^instance=\w+;app=worker;replay_source=\w+;reason=timeout;elapsed_ms=(\d+)$/;
  // Not at least 200: a timer of Node's counts from the turn of the event loop in which it was set.
  assert.ok(Number(failed.exec(json.headers["fly-replay-failed"])?.[1]) > 0);
  const { status, text } = await fly.get(`/?${asks("demo", replay)}`);
  assert.equal(status, 503);
  assert.match(text, /PR04/);
});

test("retries that are used up are a reason too; a target that answers an error is none", async (t) => {
  const fly = await behind(t, { region: "iad", tries: 2, retryDelay: 1 });
  fly.app("worker");
  await fly.machine("iad");
  await fly.machine("ams", { app: "worker", env: { PORT: "9090" } });
  const path = `/status?${asks("demo", "app=worker;fallback=prefer_self")}`;
  assert.equal((await fly.get(path)).status, 500);
  const deaf = await fly.get(`/?${asks("demo", "app=worker;fallback=prefer_self")}`);
  assert.match(deaf.json.headers["fly-replay-failed"], /reason=retries_exhausted/);
  await fly.machine("ams", { app: "worker" });
  assert.equal((await fly.get(path)).text, "own error");
  const broken = await fly.get(`/break?${asks("demo", "app=worker;fallback=prefer_self")}`);
  assert.equal(broken.status, 502);
});

test("a client may name regions and machines itself", async (t) => {
  const fly = await behind(t, { region: "iad" });
  const [iad, ams] = await Promise.all([fly.machine("iad"), fly.machine("ams")]);
  const by = async (headers: Record<string, string>) => fly.get("/", { headers });
  assert.equal((await by({ "fly-prefer-region": "nrt,ams" })).json.id, ams.id);
  assert.equal((await by({ "fly-prefer-region": "nrt" })).json.id, iad.id);
  assert.equal((await by({ "fly-prefer-region": "mars" })).json.id, iad.id);
  assert.equal((await by({ "fly-force-region": "ams" })).json.id, ams.id);
  assert.equal((await by({ "fly-force-region": "nrt" })).status, 503);
  assert.equal((await by({ "fly-force-instance-id": ams.id })).json.id, ams.id);
  assert.equal((await by({ "fly-force-instance-id": "0123456789abcd" })).status, 503);
  const preferred = await by({ "fly-prefer-instance-id": "0123456789abcd" });
  assert.equal(preferred.json.id, iad.id);
  assert.equal(preferred.json.headers["fly-preferred-instance-unavailable"], "0123456789abcd");
});

test("requests enter at a region by its port, and the closest machine takes them", async (t) => {
  const fly = await behind(t, { region: "iad", regionPorts: { lhr: 0, nrt: 0 } });
  const [iad, ams, sin] = await Promise.all([fly.machine("iad"), fly.machine("ams"), fly.machine("sin")]);
  const { lhr, nrt } = fly.proxy.regionPorts as { lhr: number; nrt: number };
  assert.equal((await fly.get("/")).json.id, iad.id);
  const near = (await fly.get("/", { port: lhr })).json;
  assert.deepEqual([near.id, near.headers["fly-region"]], [ams.id, "lhr"]);
  assert.equal((await fly.get("/", { port: nrt })).json.id, sin.id);
  assert.equal((await fly.get("/", { headers: { "fly-emulator-region": "xyz" } })).status, 400);
});
