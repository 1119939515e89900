import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OptionError } from "flamelet";
import { forceInstance, replay, replayFailure, replaySource, type ReplayTarget } from "../../src/index.ts";

const header = (target: ReplayTarget): string | null => replay(target).headers.get("fly-replay");

describe("an answer that replays", () => {
  test("has the header that Fly wants", () => {
    assert.equal(header({ instance: "148e21" }), "instance=148e21");
    assert.equal(header({ region: "lhr" }), "region=lhr");
    assert.equal(header({ region: ["sjc", "any"], app: "target" }), 'region="sjc,any";app=target');
    assert.equal(
      header({ preferInstance: "a", timeout: 800, fallback: "force_self", state: "k=v, and more" }),
      "prefer_instance=a;timeout=800ms;fallback=force_self;state=k=v, and more",
    );
    assert.equal(header({ elsewhere: true }), "elsewhere=true");
  });

  test("tells whoever sees it that there is no proxy", async () => {
    const response = replay({ region: "ams" });
    assert.equal(response.status, 409);
    assert.match(await response.text(), /Fly Proxy/);
  });

  test("has the JSON form when the request is to be changed", async () => {
    const response = replay({
      region: ["lhr", "eu"],
      state: "s",
      timeout: 10_000,
      preferInstance: "a",
      transform: { path: "/x", deleteHeaders: ["cookie"], setHeaders: { "x-user": "7" } },
    });
    assert.equal(response.headers.get("fly-replay"), null);
    assert.equal(response.headers.get("content-type"), "application/vnd.fly.replay+json");
    assert.deepEqual(await response.json(), {
      region: "lhr,eu",
      prefer_instance: "a",
      state: "s",
      timeout: "10000ms",
      transform: { path: "/x", delete_headers: ["cookie"], set_headers: [{ name: "x-user", value: "7" }] },
    });
  });

  test("has the headers of the replay cache", () => {
    const { headers } = replay({ instance: "a", cache: { prefix: "/rooms/7/*", ttl: 60, allowBypass: true } });
    assert.deepEqual(
      ["fly-replay-cache", "fly-replay-cache-ttl-secs", "fly-replay-cache-allow-bypass"].map((name) =>
        headers.get(name),
      ),
      ["/rooms/7/*", "60", "yes"],
    );
    assert.equal(replay({ app: "origin", cache: "invalidate" }).headers.get("fly-replay-cache"), "invalidate");
  });

  test("cannot be made of what Fly would misread", () => {
    const wrong: [ReplayTarget, RegExp][] = [
      [{}, /needs a target/],
      [{ state: "s" }, /needs a target/],
      [{ instance: "a;app=b" }, /instance of a replay/],
      [{ region: ["ams", "l hr"] }, /region of a replay/],
      [{ region: "ams", state: "a;b" }, /encode it/],
      [{ region: "ams", state: "a\r\nx: y" }, /encode it/],
      [{ region: "ams", timeout: 0.5 }, /timeout/],
      [{ region: "ams", fallback: "self" as never }, /fallback/],
      [{ region: "ams", state: "s", cache: { prefix: "/*", ttl: 60 } }, /cannot have state/],
      [{ region: "ams", cache: { prefix: "/rooms", ttl: 60 } }, /prefix/],
      [{ region: "ams", cache: { prefix: "/*", ttl: 9 } }, /at least 10/],
    ];
    for (const [target, message] of wrong)
      assert.throws(
        () => replay(target),
        (error) => OptionError.is(error) && message.test(error.message),
      );
    assert.throws(() => forceInstance("a b"), /forceInstance/);
    assert.deepEqual(forceInstance("148e21"), { "fly-force-instance-id": "148e21" });
  });
});

describe("a replayed request", () => {
  test("tells where it came from, in web-standard headers and in Node's", () => {
    const value = "instance=148e21;region=ams;t=1700000000000000;state=a=b";
    const expected = { instance: "148e21", region: "ams", state: "a=b", at: new Date(1_700_000_000_000) };
    assert.deepEqual(replaySource(new Headers({ "fly-replay-src": value })), expected);
    assert.deepEqual(replaySource({ "fly-replay-src": value }), expected);
    assert.deepEqual(replaySource({ "fly-replay-src": "instance=a,region=ams" }), {
      instance: "a",
      region: "ams",
      state: undefined,
      at: undefined,
    });
    assert.equal(replaySource({}), null);
    assert.equal(replaySource(new Headers()), null);
  });

  test("that came back tells why", () => {
    const value = "instance=148e21;app=demo;region=ams;replay_source=x;reason=no_candidate;elapsed_ms=12";
    assert.deepEqual(replayFailure({ "fly-replay-failed": value }), {
      reason: "no_candidate",
      instance: "148e21",
      app: "demo",
      region: "ams",
      elapsedMs: 12,
    });
    assert.equal(replayFailure(new Headers()), null);
  });
});
