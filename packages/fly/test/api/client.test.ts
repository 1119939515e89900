import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { FakeClock } from "flamelet/testing";
import { FlyApi, FlyAuthError, type FlyError, FlyRateLimitedError, FlyTransientError } from "../../src/index.ts";
import { type Answer, served, TOKEN } from "./harness.ts";

const MACHINE = { id: "148e21", name: "a", state: "created", region: "ams", instance_id: "01X" };
const OK: Answer = [200, MACHINE];

async function failure(promise: Promise<unknown>): Promise<FlyError> {
  return promise.then(
    () => assert.fail("it succeeded"),
    (error: unknown) => error as FlyError,
  );
}

describe("a call", () => {
  test("has the path, the body and the token that Fly wants", async (t) => {
    const { api, asked } = await served(t, () => OK);
    await api.machines("my-app").create({ name: "a", region: "ams", config: { image: "i" } });
    const [one] = asked;
    assert.equal(`${one?.method} ${one?.path}`, "POST /v1/apps/my-app/machines");
    assert.deepEqual(one?.body, { name: "a", region: "ams", config: { image: "i" } });
    assert.equal(one?.headers.authorization, `Bearer ${TOKEN}`);
  });

  test("filters by metadata, regions and states", async (t) => {
    const { api, asked } = await served(t, () => [200, []]);
    await api.machines("app").list({ metadata: { flame_pool: "a b" }, states: ["started", "stopped"], region: "lhr" });
    const { searchParams } = new URL(asked[0]?.path ?? "", "http://x");
    assert.deepEqual(Object.fromEntries(searchParams), {
      region: "lhr",
      state: "started,stopped",
      "metadata.flame_pool": "a b",
    });
  });

  test("gives the nonce of a lease with what that guards, and reads leases with and without their envelope", async (t) => {
    const lease = { nonce: "n1", expires_at: 9 };
    const { api, asked } = await served(t, (_, count) => [
      200,
      count === 1 ? { status: "success", data: lease } : lease,
    ]);
    const machines = api.machines("app");
    assert.deepEqual(await machines.lease("m", 30, "why"), lease);
    assert.deepEqual(await machines.lease("m", 30, "why", { nonce: "n1" }), lease);
    await machines.start("m", { nonce: "n1" });
    assert.deepEqual(
      asked.map(({ headers }) => headers["fly-machine-lease-nonce"]),
      [undefined, "n1", "n1"],
    );
  });

  test("that can be repeated is, when there was no answer", async (t) => {
    const { api, asked } = await served(t, (_, count) => (count === 1 ? null : count === 2 ? [503, "busy"] : OK));
    assert.equal((await api.machines("app").get("m")).id, MACHINE.id);
    assert.equal(asked.length, 3);
  });

  test("that is repeated in vain tells so after four times", async (t) => {
    const { api, asked } = await served(t, () => [503, "busy"]);
    const error = await failure(api.machines("app").get("m"));
    assert.ok(error instanceof FlyTransientError);
    assert.equal(asked.length, 4);
  });

  test("that must not be repeated is not, and may have been carried out", async (t) => {
    const { api, asked } = await served(t, () => null);
    const error = await failure(api.machines("app").create({ config: {} }));
    assert.ok(error instanceof FlyTransientError);
    assert.equal(error.outcome, "unknown");
    assert.equal(asked.length, 1);
  });

  test("that came too soon is made again when Fly said, also one that must not be repeated", async (t) => {
    const clock = new FakeClock();
    const { api, asked } = await served(
      t,
      (_, count) => (count === 1 ? [429, "slow down", { "retry-after": "7" }] : OK),
      {
        clock,
      },
    );
    const made = api.machines("app").create({ config: {} });
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(6_999);
    assert.equal(asked.length, 1);
    await clock.advance(1);
    assert.equal((await made).id, MACHINE.id);
    assert.equal(asked.length, 2);
  });

  test("that always comes too soon is given up at last", async (t) => {
    const { api } = await served(t, () => [429, "slow down", { "retry-after": "0" }], {
      rates: { default: { perSecond: 1e6, burst: 1e6 } },
    });
    assert.ok((await failure(api.machines("app").create({ config: {} }))) instanceof FlyRateLimitedError);
  });

  test("fails at once while the API is in trouble", async (t) => {
    const { api, asked } = await served(t, () => [500, "no"]);
    const machines = api.machines("app");
    for (let i = 0; i < 3; i++) await failure(machines.create({ config: {} }));
    await failure(machines.get("m"));
    const before = asked.length;
    const error = await failure(machines.get("m"));
    assert.match(error.message, /failed several times in a row/);
    assert.equal((error as FlyTransientError).outcome, "not-started");
    assert.equal(asked.length, before);
  });

  test("ends with the reason of its signal, in the queue and under way", async (t) => {
    const release = Promise.withResolvers<void>();
    const { api } = await served(t, () => OK, { fetch: () => release.promise.then(() => new Response("{}")) });
    const machines = api.machines("app");
    await assert.rejects(machines.get("m", { signal: AbortSignal.abort("enough") }), (reason) => reason === "enough");
    release.resolve();
    const hanging = await served(t, () => OK, {
      fetch: ((request: Request) =>
        new Promise((_, reject) => {
          request.signal.addEventListener("abort", () => reject(request.signal.reason as Error));
        })) as typeof fetch,
    });
    const controller = new AbortController();
    const call = hanging.api
      .machines("app")
      .get("m", { signal: controller.signal, admitted: () => setImmediate(() => controller.abort("later")) });
    await assert.rejects(call, (reason) => reason === "later");
  });
});

describe("the token", () => {
  const shown = (value: unknown): string =>
    `${inspect(value, { depth: 10, showHidden: true })} ${JSON.stringify(value)} ${value instanceof Error ? value.stack : ""}`;

  test("shows in nothing that can be printed: the client, and every error, even if Fly repeats it", async (t) => {
    const { api, url } = await served(t, () => [401, { error: `bad token ${TOKEN}` }]);
    const refused = await failure(api.machines("app").get("m"));
    assert.ok(refused instanceof FlyAuthError);
    const nobody = new FlyApi({ baseUrl: url.replace(/\d+$/, "1"), token: TOKEN, random: () => 0 });
    const unreachable = await failure(nobody.machines("app").create({ config: {} }));
    const odd = (() => {
      try {
        return new FlyApi({ token: `${TOKEN} \u0000` });
      } catch (error) {
        return error;
      }
    })();
    for (const value of [api, api.machines("app"), api.apps, refused, unreachable, odd])
      assert.ok(!shown(value).includes(TOKEN), shown(value));
    assert.match(unreachable.message, /ECONNREFUSED|could not be reached/);
  });

  test("keeps its scheme", async (t) => {
    const { asked, url } = await served(t, () => OK);
    for (const token of ["FlyV1 fm2_a", "Bearer b", "c"])
      await new FlyApi({ baseUrl: url, token }).machines("a").get("m");
    assert.deepEqual(
      asked.map(({ headers }) => headers.authorization),
      ["FlyV1 fm2_a", "Bearer b", "Bearer c"],
    );
  });

  test("that is missing is told, with what to do", () => {
    assert.throws(() => new FlyApi({ token: "" }), /FLY_API_TOKEN.*fly tokens create deploy/s);
    assert.throws(() => new FlyApi({ token: "x", baseUrl: "ftp://x" }), /FLY_FLAPS_BASE_URL/);
  });
});
