import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHeaderForm } from "../../src/proxy/replay/header-form.ts";
import { InvalidReplayError } from "../../src/proxy/replay/instruction.ts";
import { parseJsonForm } from "../../src/proxy/replay/json-form.ts";
import { formatReplayFailure, formatReplaySource } from "../../src/proxy/replay/source-headers.ts";

const header = (text: string, more: Record<string, string> = {}) => parseHeaderForm({ "fly-replay": text, ...more });
const json = (value: unknown) => parseJsonForm(JSON.stringify(value));
const iad = [["iad"]];

test("the header form: every field, alone and together", () => {
  assert.equal(parseHeaderForm({}), null);
  assert.deepEqual(header("region=iad"), { elsewhere: false, region: iad });
  assert.deepEqual(header("instance=00bb33ff"), { elsewhere: false, instance: "00bb33ff" });
  assert.deepEqual(header("prefer_instance=00bb33ff"), { elsewhere: false, preferInstance: "00bb33ff" });
  assert.deepEqual(header("app=other"), { elsewhere: false, app: "other" });
  assert.deepEqual(header("elsewhere=true"), { elsewhere: true });
  assert.deepEqual(header("app=w;timeout=10s;fallback=force_self"), {
    elsewhere: false,
    app: "w",
    timeout: 10_000,
    fallback: "force_self",
  });
  assert.deepEqual(header('region="iad,ams"; app=w ;state="a;b=c"'), {
    elsewhere: false,
    region: [["iad"], ["ams"]],
    app: "w",
    state: "a;b=c",
  });
  assert.deepEqual(header("region=iad;state=a,b=c"), { elsewhere: false, region: iad, state: "a,b=c" });
  assert.deepEqual(header("REGION=iad"), { elsewhere: false, region: iad });
  assert.equal(header("region=iad;timeout=1m30s")?.timeout, 90_000);
  assert.equal(header("region=iad;timeout=800ms;fallback=prefer_self")?.fallback, "prefer_self");
});

test("aliases stand for their regions, and `any` for all that are left", () => {
  const steps = header('region="sjc,us,any"')?.region ?? [];
  assert.deepEqual(steps[0], ["sjc"]);
  assert.deepEqual(steps[1], ["dfw", "ewr", "iad", "lax", "ord"]);
  assert.equal(steps.flat().length, new Set(steps.flat()).size);
  assert.equal(steps.flat().length, 18);
});

for (const [text, about] of [
  ["", /needs one of/],
  ["state=x", /needs one of/],
  ["elsewhere=false", /needs one of/],
  ["region=iad,ams", /a list must be quoted/],
  ["region=mars", /"mars" is no region/],
  ["region=", /must name at least one/],
  ["zone=iad", /unknown field "zone"/],
  ["region", /cannot read "region"/],
  ['region="iad', /cannot read/],
  ["region=iad;region=ams", /given twice/],
  ["instance=", /instance is empty/],
  ["instance=a;prefer_instance=b", /exclude each other/],
  ["region=iad;timeout=soon", /timeout must be a duration/],
  ["region=iad;timeout=0s", /timeout must be a duration/],
  ["region=iad;fallback=maybe", /force_self or prefer_self/],
  ["region=iad;elsewhere=yes", /true or false/],
] as const) {
  test(`the header form refuses ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => header(text),
      (error) => error instanceof InvalidReplayError && about.test(error.message),
    );
  });
}

test("the cache headers: a pattern with a time, or an invalidation", () => {
  const cache = { "fly-replay-cache": "/some/path/*", "fly-replay-cache-ttl-secs": "60" };
  assert.deepEqual(header("app=w", cache)?.cache, { prefix: "/some/path", ttlMs: 60_000, allowBypass: false });
  const bypass = { ...cache, "fly-replay-cache-allow-bypass": "yes" };
  assert.deepEqual(header("app=w", bypass)?.cache, { prefix: "/some/path", ttlMs: 60_000, allowBypass: true });
  assert.deepEqual(header("app=w", { ...cache, "fly-replay-cache": "example.com/a" })?.cache, {
    prefix: "example.com/a",
    ttlMs: 60_000,
    allowBypass: false,
  });
  assert.equal(header("app=w", { "fly-replay-cache": "invalidate" })?.cache, "invalidate");
  assert.throws(() => header("app=w", { "fly-replay-cache": "/a" }), /at least 10 seconds/);
  assert.throws(() => header("app=w", { ...cache, "fly-replay-cache-ttl-secs": "9" }), /at least 10 seconds/);
  assert.throws(() => header("app=w;state=x", cache), /must not have state/);
  assert.throws(() => header("app=w;timeout=1s", cache), /must not have timeout/);
  assert.throws(() => header("app=w;fallback=force_self", cache), /must not have fallback/);
  assert.throws(() => header("app=w", { ...cache, "fly-replay-cache": "example.com:80/a" }), /no path pattern/);
});

test("the JSON form: the same fields, and transform and cache", () => {
  const instruction = json({
    app: "target-app",
    region: "iad,ams",
    elsewhere: true,
    transform: {
      path: "/new/path?param=value",
      delete_headers: ["X-Unwanted", "cookie"],
      set_headers: [{ name: "X-Custom", value: "new" }],
    },
  });
  assert.deepEqual(instruction, {
    elsewhere: true,
    region: [["iad"], ["ams"]],
    app: "target-app",
    transform: {
      path: "/new/path?param=value",
      deleteHeaders: ["x-unwanted", "cookie"],
      setHeaders: [{ name: "x-custom", value: "new" }],
    },
  });
  assert.deepEqual(json({ app: "a", cache: { prefix: "/p/*", ttl: 60 }, allow_bypass: true }).cache, {
    prefix: "/p",
    ttlMs: 60_000,
    allowBypass: true,
  });
  assert.equal(json({ app: "a", cache: { invalidate: true } }).cache, "invalidate");
  assert.deepEqual(json({ instance: "x", state: null }), { elsewhere: false, instance: "x" });
});

for (const [value, about] of [
  ["nonsense", /must be an object/],
  [[], /must be an object/],
  [{}, /needs one of/],
  [{ app: 1 }, /app must be a text/],
  [{ app: "a", colour: "red" }, /unknown field "colour"/],
  [{ app: "a", state: "x\r\nset-cookie: y" }, /no header can carry/],
  [{ app: "a", transform: [] }, /transform must be an object/],
  [{ app: "a", transform: { path: "new" } }, /begins with/],
  [{ app: "a", transform: { path: "/a\r\nb" } }, /begins with/],
  [{ app: "a", transform: { delete_headers: "x" } }, /list of names/],
  [{ app: "a", transform: { set_headers: [{ name: "a b", value: "c" }] } }, /cannot set "a b"/],
  [{ app: "a", transform: { set_headers: [{ name: "a", value: "c\nd" }] } }, /cannot set "a"/],
  [{ app: "a", cache: { prefix: "/p", ttl: 5 } }, /at least 10 seconds/],
  [{ app: "a", cache: { ttl: 60 } }, /cache.prefix/],
  [{ app: "a", transform: { path: "/x" }, cache: { prefix: "/p", ttl: 60 } }, /must not have transform/],
] as const) {
  test(`the JSON form refuses ${JSON.stringify(value)}`, () => {
    assert.throws(
      () => json(value),
      (error) => error instanceof InvalidReplayError && about.test(error.message),
    );
  });
}

test("what is no JSON is refused", () => {
  assert.throws(() => parseJsonForm("{"), /not JSON/);
});

test("fly-replay-src and fly-replay-failed as Fly writes them", () => {
  const source = { instance: "1a", region: "ams", t: 1_700_000_000_000_000 };
  assert.equal(formatReplaySource(source), "instance=1a;region=ams;t=1700000000000000");
  assert.equal(formatReplaySource({ ...source, state: "s" }), "instance=1a;region=ams;t=1700000000000000;state=s");
  assert.equal(
    formatReplayFailure({
      instance: "00bb33ff",
      app: "target-app",
      region: "iad",
      replay_source: "11aa44ee",
      reason: "timeout",
      elapsed_ms: 10_000,
    }),
    "instance=00bb33ff;app=target-app;region=iad;replay_source=11aa44ee;reason=timeout;elapsed_ms=10000",
  );
});
