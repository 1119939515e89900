import assert from "node:assert/strict";
import { test } from "node:test";
import { type CacheableRequest, ReplayCache, type SessionRule } from "../../src/proxy/replay/cache.ts";
import type { ReplayInstruction } from "../../src/proxy/replay/instruction.ts";
import { behind } from "./behind.ts";
import { TurnableClock } from "./turnable-clock.ts";

const asker = { app: "demo", instance: "1" };
const request = (url: string, more: Partial<CacheableRequest> = {}): CacheableRequest => {
  return { app: "demo", host: "demo.fly.dev", url, headers: {}, ...more };
};
const to = (app: string, prefix: string, allowBypass = false): ReplayInstruction => {
  return { elsewhere: false, app, cache: { prefix, ttlMs: 10_000, allowBypass } };
};
const found = (cache: ReplayCache, which: CacheableRequest, rules: SessionRule[] = []): string => {
  const result = cache.find(which, rules);
  return result.found === "hit" ? String(result.instruction.app) : result.found;
};

test("a path is remembered with what is below it, for its time, for its host name alone; the longest wins", () => {
  let now = 0;
  const cache = new ReplayCache(() => now);
  assert.equal(cache.note(request("/a/b?c"), [], to("one", "/a"), asker), null);
  cache.note(request("/a/b/c"), [], to("two", "/a/b"), asker);
  assert.equal(found(cache, request("/a")), "one");
  assert.equal(found(cache, request("/a/x?y")), "one");
  assert.equal(found(cache, request("/a/b/c/d")), "two");
  assert.equal(found(cache, request("/ab")), "none");
  assert.equal(found(cache, request("/")), "none");
  assert.equal(found(cache, request("/a", { host: "example.com" })), "none");
  now = 10_000;
  assert.equal(found(cache, request("/a")), "none");
});

test("the pattern may name the host, and has to match the request", () => {
  const cache = new ReplayCache(() => 0);
  assert.equal(cache.note(request("/a"), [], to("one", "demo.fly.dev/a"), asker), null);
  assert.equal(found(cache, request("/a/b")), "one");
  assert.match(String(cache.note(request("/a"), [], to("two", "/b"), asker)), /does not match/);
  assert.match(String(cache.note(request("/a"), [], to("two", "example.com/a"), asker)), /does not match/);
  assert.equal(found(cache, request("/b")), "none");
  cache.note(request("/"), [], to("all", ""), asker);
  assert.equal(found(cache, request("/b")), "all");
});

test("an invalidation forgets what led the request here", () => {
  const cache = new ReplayCache(() => 0);
  cache.note(request("/a"), [], to("one", "/a"), asker);
  cache.note(request("/a/b"), [], { elsewhere: false, app: "demo", cache: "invalidate" }, asker);
  assert.equal(found(cache, request("/a")), "none");
  assert.equal(cache.size, 0);
});

test("a client goes round it only where that is allowed", () => {
  const cache = new ReplayCache(() => 0);
  cache.note(request("/a"), [], to("one", "/a"), asker);
  cache.note(request("/b"), [], to("two", "/b", true), asker);
  const headers = { "fly-replay-cache-control": "skip" };
  assert.equal(found(cache, request("/a", { headers })), "one");
  assert.equal(found(cache, request("/b", { headers })), "bypass");
});

test("sessions: by the value of a cookie or a header, the rule with the longest path", () => {
  const rule = (pathPrefix: string, type: "cookie" | "header", name: string): SessionRule => {
    return { pathPrefix, type, name, ttlMs: 1000, allowBypass: false };
  };
  const rules = [rule("/", "cookie", "sid"), rule("/api", "header", "Authorization")];
  const cache = new ReplayCache(() => 0);
  const plain: ReplayInstruction = { elsewhere: false, app: "one" };
  const cookie = (sid: string) => ({ headers: { cookie: `other=1; sid=${sid}` } });
  cache.note(request("/x", cookie("a")), rules, plain, asker);
  assert.equal(found(cache, request("/y", cookie("a")), rules), "one");
  assert.equal(found(cache, request("/y", cookie("b")), rules), "none");
  assert.equal(found(cache, request("/y"), rules), "none");
  assert.equal(found(cache, request("/api/y", cookie("a")), rules), "none");
  cache.note(request("/api/x", { headers: { authorization: "Bearer 1" } }), rules, { ...plain, app: "two" }, asker);
  assert.equal(found(cache, request("/api", { headers: { authorization: "Bearer 1" } }), rules), "two");
  cache.note(request("/x", cookie("s")), rules, { ...plain, state: "not to be remembered" }, asker);
  assert.equal(found(cache, request("/x", cookie("s")), rules), "none");
  assert.equal(found(cache, request("/y", { ...cookie("a"), host: "example.com" }), rules), "none");
});

const encoded = encodeURIComponent;

test("through the proxy: the second request goes straight to the target, which is told; then the time is over", async (t) => {
  const clock = new TurnableClock();
  const fly = await behind(t, {}, { clock });
  fly.app("worker");
  await Promise.all([fly.machine("iad"), fly.machine("ams", { app: "worker" })]);
  const path = `/some/path?demo=${encoded("app=worker")}&h-fly-replay-cache=${encoded("/some/*")}&h-fly-replay-cache-ttl-secs=60`;
  const deliveries = () => fly.events.filter((event) => event.type === "delivery").length;
  const first = (await fly.get(path)).json;
  assert.deepEqual([first.app, first.headers["fly-replay-cache-status"]], ["worker", "miss"]);
  assert.equal(deliveries(), 2);
  const second = (await fly.get("/some/other")).json;
  assert.deepEqual([second.app, second.headers["fly-replay-cache-status"]], ["worker", "hit"]);
  assert.equal(second.headers["fly-replay-src"], undefined);
  assert.equal(deliveries(), 3);
  clock.turn(60_000);
  assert.equal((await fly.get("/some/other")).json.app, "demo");
});

test("through the proxy: an invalidation by the target, a bypass, and a target that is gone", async (t) => {
  const fly = await behind(t);
  fly.app("worker");
  const [, worker] = await Promise.all([fly.machine("iad"), fly.machine("ams", { app: "worker" })]);
  const cached = (allow: boolean) =>
    `/p?json-demo=${encoded(JSON.stringify({ app: "worker", cache: { prefix: "/p", ttl: 60 }, allow_bypass: allow }))}`;
  assert.equal((await fly.get(cached(false))).json.app, "worker");
  const back = `/p?worker=${encoded("app=demo")}&h-fly-replay-cache=invalidate`;
  assert.equal((await fly.get(back)).json.app, "demo");
  assert.equal((await fly.get("/p")).json.app, "demo");
  assert.equal((await fly.get(cached(true))).json.app, "worker");
  const skipped = (await fly.get("/p", { headers: { "fly-replay-cache-control": "skip" } })).json;
  assert.deepEqual([skipped.app, skipped.headers["fly-replay-cache-status"]], ["demo", "bypass"]);
  worker.life.stop();
  await worker.until(({ state }) => state === "stopped");
  assert.equal((await fly.get("/p")).json.app, "demo");
});

test("through the proxy: sessions by the rules of the service", async (t) => {
  const fly = await behind(t, { region: "iad" });
  const replay_cache = [{ path_prefix: "/", ttl_seconds: 300, type: "cookie", name: "sid" }];
  const service = { ports: [{ port: 443, handlers: ["http", "tls"], http_options: { replay_cache } }] };
  const [iad, ams] = await Promise.all([fly.machine("iad", { service }), fly.machine("ams", { service })]);
  const headers = { cookie: "sid=7" };
  assert.equal((await fly.get(`/?iad=${encoded(`instance=${ams.id}`)}`, { headers })).json.id, ams.id);
  assert.equal((await fly.get("/elsewhere", { headers })).json.id, ams.id);
  assert.equal((await fly.get("/elsewhere", { headers: { cookie: "sid=8" } })).json.id, iad.id);
});
