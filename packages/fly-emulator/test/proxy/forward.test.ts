import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { behind } from "./behind.ts";

test("a request goes to the app of its host name, with the headers that Fly adds", async (t) => {
  const fly = await behind(t);
  const machine = await fly.machine("ams");
  const { status, json, headers } = await fly.get("/path?q=1", {
    headers: {
      "x-forwarded-for": "203.0.113.9",
      "fly-region": "lie",
      "fly-replay-src": "instance=lie",
      "fly-emulator-region": "lhr",
    },
  });
  assert.equal(status, 200);
  assert.deepEqual([json.id, json.region, json.url], [machine.id, "ams", "/path?q=1"]);
  const { headers: got } = json;
  assert.equal(got.host, "demo.fly.dev");
  assert.equal(got["fly-client-ip"], "127.0.0.1");
  assert.equal(got["fly-region"], "lhr");
  assert.equal(got["fly-forwarded-port"], String(fly.proxy.port));
  assert.equal(got["x-forwarded-for"], "203.0.113.9, 127.0.0.1, 127.0.0.1");
  assert.equal(got["x-forwarded-proto"], "http");
  assert.equal(got["x-forwarded-port"], String(fly.proxy.port));
  assert.equal(got["x-forwarded-ssl"], "off");
  assert.equal(got["via"], "1.1 fly.io");
  assert.match(got["fly-request-id"], /^[0-9A-Z]{26}-lhr$/);
  assert.equal(got["fly-replay-src"], undefined);
  assert.equal(got["fly-emulator-region"], undefined);
  assert.equal(headers["fly-request-id"], got["fly-request-id"]);
  assert.equal(headers["via"], "1.1 fly.io");
  assert.equal(headers["server"], "Fly/emulator");
});

test("an app is also at <app>.localhost; a host that is no app's is a 404 that names those there are", async (t) => {
  const fly = await behind(t, { hosts: { "example.com": "demo" } });
  await fly.machine("ams");
  for (const host of ["demo.localhost:1234", "DEMO.fly.dev", "example.com", "demo.flycast"]) {
    assert.equal((await fly.get("/", { headers: { host } })).status, 200, host);
  }
  for (const host of ["other.fly.dev", "127.0.0.1"]) {
    const { status, text } = await fly.get("/", { headers: { host } });
    assert.equal(status, 404);
    assert.match(text, /demo\.localhost/);
  }
});

test("what the client says of its port decides about TLS: force_https is a 301 there alone", async (t) => {
  const fly = await behind(t);
  await fly.machine("ams");
  const plain = await fly.get("/a?b", { headers: { "fly-emulator-port": "80" } });
  assert.equal(plain.status, 301);
  assert.equal(plain.headers.location, "https://demo.fly.dev/a?b");
  const { json } = await fly.get("/", { headers: { "fly-emulator-port": "443" } });
  assert.equal(json.headers["x-forwarded-proto"], "https");
  assert.equal(json.headers["x-forwarded-ssl"], "on");
  assert.equal(json.headers["fly-forwarded-port"], "443");
  assert.equal((await fly.get("/", { headers: { "fly-emulator-port": "9999" } })).status, 503);
  assert.equal((await fly.get("/", { headers: { "fly-emulator-port": "https" } })).status, 400);
});

test("an answer comes as the machine gave it, without the headers of its connection", async (t) => {
  const fly = await behind(t);
  await fly.machine("ams");
  const { status, headers, text } = await fly.get("/status");
  assert.equal(status, 500);
  assert.equal(text, "own error");
  assert.equal(headers["x-own"], "yes");
  assert.equal(headers["x-many"], "a, b");
  assert.equal(headers["x-hop"], undefined);
  assert.equal(headers["server"], "Fly/emulator");
});

test("http_options: pristine answers, headers that are set and taken away", async (t) => {
  const fly = await behind(t);
  const http_options = { response: { pristine: true, headers: { "x-own": false, "x-set": ["1", "2"] } } };
  await fly.machine("ams", { service: { ports: [{ port: 80, handlers: ["http"], http_options }] } });
  const { headers } = await fly.get("/status");
  assert.equal(headers["server"], "mine");
  assert.equal(headers["via"], undefined);
  assert.equal(headers["x-own"], undefined);
  assert.equal(headers["x-set"], "1, 2");
});

test("answers without a body, and a request that asks before it sends one", async (t) => {
  const fly = await behind(t);
  await fly.machine("ams");
  const head = await fly.get("/", { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.ok(Number(head.headers["content-length"]) > 0);
  const empty = await fly.get("/empty");
  assert.deepEqual([empty.status, empty.text, empty.headers["x-own"]], [204, "", "yes"]);
  const headers = { host: "demo.fly.dev", expect: "100-continue" };
  const request = httpRequest({ port: fly.proxy.port, path: "/", method: "POST", headers });
  request.flushHeaders();
  await once(request, "continue");
  request.end("body");
  const [response] = await once(request, "response");
  assert.equal(response.rawHeaders.filter((name: string) => name.toLowerCase() === "date").length, 1);
  let text = "";
  for await (const chunk of response) text += String(chunk);
  assert.equal(JSON.parse(text).body, "body");
});

test("bytes flow both ways as they come", async (t) => {
  const fly = await behind(t);
  await fly.machine("ams");
  const request = httpRequest({
    port: fly.proxy.port,
    path: "/echo",
    method: "POST",
    headers: { host: "demo.fly.dev" },
  });
  request.flushHeaders();
  request.write("first");
  const [response] = await once(request, "response");
  const chunks = response[Symbol.asyncIterator]();
  assert.equal(String((await chunks.next()).value), "first");
  request.write("second");
  assert.equal(String((await chunks.next()).value), "second");
  request.end();
  assert.equal((await chunks.next()).done, true);
});

test("a body of many megabytes comes whole, in pieces or with its length", async (t) => {
  const fly = await behind(t);
  await fly.machine("ams");
  const body = Buffer.alloc(8 << 20, "abcdefg");
  for (const headers of [{}, { "content-length": String(body.length) }]) {
    const { text } = await fly.get("/echo", { method: "PUT", body, headers });
    assert.equal(text.length, body.length);
    assert.ok(Buffer.from(text).equals(body));
  }
});

test("a stream of events comes event by event, and its end at either side is the end at the other", async (t) => {
  const fly = await behind(t);
  const machine = await fly.machine("ams");
  const response = await fly.open("/hold");
  const [first] = await once(response, "data");
  assert.equal(String(first), `data: ${machine.id}\n\n`);
  assert.equal(fly.proxy.load(machine.id), 1);
  const ended = once(fly.proxy.events, "event");
  response.destroy();
  const [event] = await ended;
  assert.equal(event.type, "end");
  assert.equal(event.status, 499);
  assert.equal(fly.proxy.load(machine.id), 0);
});

test("a machine that breaks off is a 502 with PU02, and an answer that breaks off is broken off", async (t) => {
  const fly = await behind(t);
  const machine = await fly.machine("ams");
  assert.equal((await fly.get("/break")).status, 502);
  assert.deepEqual(fly.codes(), ["PU02"]);
  const response = await fly.open("/hold");
  await once(response, "data");
  machine.life.stop({ signal: "SIGKILL" });
  await assert.rejects(once(response, "end"), /aborted/);
  await fly.idle(machine);
});

test("an idle_timeout ends a connection on which nothing happens", async (t) => {
  const fly = await behind(t);
  const ports = [{ port: 80, handlers: ["http"], http_options: { idle_timeout: 0.2 } }];
  await fly.machine("ams", { service: { ports } });
  const response = await fly.open("/hold");
  response.resume();
  await assert.rejects(once(response, "end"), /aborted/);
});

test("without a machine that listens: PC01 for each, then PR03 and a 503", async (t) => {
  const fly = await behind(t, { tries: 3, retryDelay: 1 });
  await fly.machine("ams", { env: { PORT: "9090" } });
  const { status, text } = await fly.get("/");
  assert.equal(status, 503);
  assert.match(text, /PR03/);
  assert.deepEqual(fly.codes(), ["PC01", "PR03"]);
});

test("a request waits for a machine that has started but does not listen yet", async (t) => {
  const fly = await behind(t);
  const machine = await fly.machine("ams", { as: "started", env: { LISTEN_AFTER: "300" } });
  assert.equal((await fly.get("/")).json.id, machine.id);
  assert.deepEqual(fly.codes(), ["PC01"]);
});

test("no machine, none that runs, and only cordoned ones: PR01 and a 503", async (t) => {
  const fly = await behind(t);
  const empty = await fly.get("/");
  assert.equal(empty.status, 503);
  assert.match(empty.text, /demo has no machines/);
  await fly.machine("ams", { as: "started", service: { ports: [{ port: 5432, handlers: ["pg_tls"] }] } });
  assert.match((await fly.get("/")).text, /no machine of demo has a service with an http handler/);
  await fly.machine("ams", { as: "stopped" });
  assert.equal((await fly.get("/")).status, 503);
  (await fly.machine("ams")).cordoned = true;
  assert.equal((await fly.get("/")).status, 503);
  assert.deepEqual(fly.codes(), ["PR01", "PR01", "PR01", "PR01"]);
});
