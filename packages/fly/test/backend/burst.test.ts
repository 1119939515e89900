import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Emulator } from "@flamelet/fly-emulator";
import { flame, type Pool, type PoolOptions } from "flamelet";
import { FlyApi } from "../../src/index.ts";
import * as app from "./fixtures/app.ts";
import { backend, BUILD, image, IMAGE, startFly } from "./harness.ts";

process.env["FLAME_BUILD_ID"] = BUILD;

const entry = fileURLToPath(new URL("./fixtures/app.ts", import.meta.url));
const BURST = 8;
/** Fly's clock and ours go this much faster than the world's, so that its rate limits take less of a test's time. */
const FASTER = 10;

const began = Date.now();
const fast = {
  now: (): number => Math.floor(began + performance.now() * FASTER),
  setTimer: (ms: number, fn: () => void): { cancel(): void } => {
    const timer = setTimeout(fn, ms / FASTER).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** A pool under Fly's rate limits, and what was refused for coming too soon. */
async function limited(
  t: TestContext,
  options: PoolOptions,
): Promise<{ pool: Pool; refused: string[]; world: Emulator["world"]; creates: () => number }> {
  const emulator = await startFly(null, { rateLimit: true, clock: fast, images: { [IMAGE]: image(entry) } });
  const refused: string[] = [];
  let creates = 0;
  const api = new FlyApi({
    baseUrl: emulator.url,
    token: emulator.token,
    clock: fast,
    fetch: async (request) => {
      const response = await fetch(request);
      const { pathname } = new URL((request as Request).url);
      if ((request as Request).method === "POST" && pathname.endsWith("/machines")) creates += 1;
      if (response.status === 429) refused.push(pathname);
      return response;
    },
  });
  const pool = flame.pool(`burst-${randomBytes(3).toString("hex")}`, {
    max: BURST,
    maxConcurrency: 1,
    backend: backend(emulator, { api }),
    ...options,
  });
  t.after(async () => {
    await pool.close();
    await emulator.close();
  });
  return { pool, refused, world: emulator.world, creates: () => creates };
}

/** As many calls as the pool may have runners. Each holds its own until all have one; gives their machines. */
async function burst(pool: Pool): Promise<Set<string>> {
  const all = Promise.withResolvers<void>();
  const machines = new Set<string>();
  const calls = Array.from({ length: BURST }, () =>
    flame.call(pool, app.hold, async (machine: string) => {
      machines.add(machine);
      if (machines.size === BURST) all.resolve();
      await all.promise;
    }),
  );
  await Promise.all(calls);
  return machines;
}

test("as many calls as there are standby machines start at once, and none is refused for coming too soon", async (t) => {
  const { pool, refused, world } = await limited(t, { standby: { count: BURST } });
  while (pool.stats().standby < BURST) await new Promise((resolve) => setTimeout(resolve, 20));
  const prepared = new Set(world.machines().map(({ id }) => id));
  refused.length = 0;
  const machines = await burst(pool);
  // Making machines to replace them may be: that is limited for the app as a whole.
  assert.deepEqual(
    refused.filter((path) => !path.endsWith("/machines")),
    [],
  );
  assert.deepEqual(machines, prepared);
});

test("without them the same calls go at the pace that Fly allows, and none is lost", async (t) => {
  const { pool, creates } = await limited(t, {});
  const began = fast.now();
  assert.equal((await burst(pool)).size, BURST);
  assert.ok(creates() >= BURST);
  // Three at once, and one a second after that.
  assert.ok(fast.now() - began >= (BURST - 3) * 1_000);
});
