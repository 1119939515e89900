import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { BootError, flame, OptionError } from "flamelet";
import { fly } from "../../src/index.ts";

const ON_FLY = {
  FLY_APP_NAME: "demo",
  FLY_IMAGE_REF: "registry.fly.io/demo@sha256:00",
  FLY_REGION: "ams",
  FLY_PRIVATE_IP: "127.0.0.1",
  FLY_API_TOKEN: "fm2_secret",
};

function environment(t: TestContext, values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    t.after(() => (before === undefined ? delete process.env[name] : (process.env[name] = before)));
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

const spec = { name: "a-1", pool: "a", parentId: "p", buildId: "b", epoch: 1, env: {}, onOutput() {} };

test("auto is this backend on Fly, without being told anything", (t) => {
  environment(t, ON_FLY);
  const backend = flame.backend.auto();
  assert.equal(backend.name, "fly");
  assert.deepEqual(backend.network, { kind: "tcp", host: "127.0.0.1" });
});

test("Fly's private network is encrypted already, and no other is said to be", (t) => {
  environment(t, { ...ON_FLY, FLY_PRIVATE_IP: "fdaa:0:2:a7b:1b::3" });
  const network = { kind: "tcp", host: "fdaa:0:2:a7b:1b::3", encrypted: true };
  assert.deepEqual(fly().network, network);
  assert.deepEqual(fly({ host: "fly-local-6pn" }).network, { ...network, host: "fly-local-6pn" });
  assert.deepEqual(fly({ host: "0.0.0.0" }).network, { kind: "tcp", host: "0.0.0.0" });
});

test("auto without a token says so when a runner is first needed, not when the pool is made", async (t) => {
  environment(t, { ...ON_FLY, FLY_API_TOKEN: undefined, FLY_ACCESS_TOKEN: undefined });
  await assert.rejects(
    flame.backend.auto().provision(spec, AbortSignal.timeout(1_000)),
    (error) => BootError.is(error) && error.permanent && /fly secrets set FLY_API_TOKEN/.test(error.message),
  );
});

test("off Fly, it names all that is missing, at once", (t) => {
  environment(t, Object.fromEntries(Object.keys(ON_FLY).map((name) => [name, undefined])));
  assert.throws(
    () => fly(),
    (error) => {
      assert.ok(OptionError.is(error));
      for (const name of ["FLY_APP_NAME", "FLY_IMAGE_REF", "FLY_PRIVATE_IP", "FLY_REGION", "FLY_API_TOKEN"])
        assert.match(error.message, new RegExp(name));
      return true;
    },
  );
});

test("options that cannot be are told by name", (t) => {
  environment(t, ON_FLY);
  for (const [options, message] of [
    [{ region: "ams" }, /no option "region"/],
    [{ regions: [] }, /option regions/],
    [{ regions: "Amsterdam" }, /option regions/],
    [{ env: { FLY_X: "1" } }, /FLY_X cannot be given/],
    [{ inheritEnv: ["FLY_API_TOKEN"] }, /FLY_API_TOKEN cannot be given/],
    [{ env: { A: 1 } }, /variable A of option env must be a string/],
    [{ config: {} }, /option config must be a function/],
    [{ baseUrl: "nowhere" }, /baseUrl/],
  ] as const)
    assert.throws(
      () => fly(options as never),
      (error) => OptionError.is(error) && message.test(error.message),
    );
});
