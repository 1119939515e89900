/** What went wrong in the reference implementation when it was tried, and must not go wrong here. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import type { Backend, MachineSpec } from "../../src/backends/backend.ts";
import { BootError, CallTimeoutError, PoolClosedError, RunnerLostError } from "../../src/errors.ts";
import { flame } from "../../src/index.ts";
import * as fns from "./fixtures/app.ts";
import { entry, fixture, lives, poolFor, until } from "./harness.ts";
import { watch, worldFor } from "./world.ts";

/** Collects rejections that nobody handled: each would have ended a process that is no test. */
function unhandled(t: TestContext): unknown[] {
  const heard: unknown[] = [];
  const listener = (reason: unknown): void => void heard.push(reason);
  process.on("unhandledRejection", listener);
  t.after(() => process.off("unhandledRejection", listener));
  return heard;
}

/** What a call rejected with. */
async function rejection(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error,
  );
}

/** Runs a parent of its own to its end, and gives the lines that it and its runners wrote. */
async function runParent(name: string, args: readonly string[] = []): Promise<{ lines: string[]; code: number }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const file = fileURLToPath(fixture(name));
  const parent = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"], env });
  let output = "";
  parent.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(parent, "close")) as [number];
  return { lines: output.split("\n").filter((line) => line !== ""), code };
}

test("D3: 200 of 200 callers that catch an error live and see it", async (t) => {
  const rejections = unhandled(t);
  const pool = poolFor(t, { max: 1, maxConcurrency: 20 });
  const seen = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      try {
        return await flame.call(pool, fns.fail, n);
      } catch (error) {
        return (error as Error).message;
      }
    }),
  );
  assert.deepEqual(
    seen,
    Array.from({ length: 200 }, (_, n) => `no luck with ${n}`),
  );
  assert.equal(await flame.call(pool, fns.add, 1, 1), 2);
  assert.deepEqual(rejections, []);
});

test("D3: 20 of 20 callers that catch a timeout live on, also when their work ends afterwards", async (t) => {
  const rejections = unhandled(t);
  const pool = poolFor(t, { max: 1, maxConcurrency: 20, timeout: 100 });
  const seen = await Promise.all(
    Array.from({ length: 20 }, () =>
      flame
        .call(
          pool,
          fns.untilAborted,
          () => {},
          async () => {},
        )
        .catch((error: unknown) => error),
    ),
  );
  for (const error of seen) assert.ok(CallTimeoutError.is(error));
  await until(() => pool.stats().inFlight === 0);
  assert.deepEqual(rejections, []);
});

test("D4: a runner that is killed with five calls on it takes them and nothing else: the other runner and the pool go on", async (t) => {
  const rejections = unhandled(t);
  const pool = poolFor(t, { min: 2, max: 2, maxConcurrency: 5, placement: "spread" });
  await pool.ready;
  const pids = new Set<number>();
  const started = async (pid: number): Promise<void> => void pids.add(pid);
  const letGo = Promise.withResolvers<void>();
  const calls = Array.from({ length: 10 }, () => flame.call(pool, fns.tellAndWait, started, letGo.promise));
  const settled = Promise.allSettled(calls);
  await until(() => pool.stats().inFlight === 10 && pids.size === 2);
  const [victim, survivor] = [...pids] as [number, number];
  process.kill(victim, "SIGKILL");
  await until(() => pool.stats().inFlight === 5);
  letGo.resolve();
  const outcomes = await settled;
  const lost = outcomes.filter(({ status }) => status === "rejected");
  assert.equal(lost.length, 5);
  for (const outcome of lost) assert.ok(RunnerLostError.is((outcome as PromiseRejectedResult).reason));
  await until(() => pool.stats().ready === 2);
  assert.ok(lives(survivor));
  assert.deepEqual(rejections, []);
});

test("D5: of 400 calls that land around the idle deadline, on either side and at the very instant, none is lost", async (t) => {
  const world = worldFor(t, { max: 1, idleShutdownAfter: 500 });
  const calls = [watch(flame.call(world.pool, fns.add, 0, 0))];
  await world.settle();
  for (let n = 1; n < 400; n++) {
    // From half a millisecond too early to half a millisecond too late; every other time at the deadline itself, and
    // then once in front of the pool's own timer and once behind it.
    const after = 500 + (n % 2 === 0 ? 0 : (n - 200) / 400);
    const call = (): void => void calls.push(watch(flame.call(world.pool, fns.add, n, n)));
    if (n % 4 === 0) world.clock.setTimer(after, call);
    const end = watch(flame.call(world.pool, fns.add, n, 0));
    await world.settle();
    assert.equal(end.value, n);
    if (n % 4 !== 0) world.clock.setTimer(after, call);
    await world.pass(after);
  }
  assert.deepEqual(
    calls.map(({ value }) => value),
    Array.from({ length: 400 }, (_, n) => 2 * n),
  );
  assert.equal(world.happened.lost, 0);
  assert.ok(world.happened.boot > 100, `many found their runner gone, ${world.happened.boot} times one was booted`);
  assert.ok(world.happened.boot < 300, `many found it there, ${world.happened.boot} times one was booted`);
});

test("D5: a call that crosses with its runner's own goodbye goes to another, and runs once", async (t) => {
  const world = worldFor(t, { max: 2, maxConcurrency: 10 });
  let runs = 0;
  const count = flame.fn("defects/count", () => (runs += 1));
  const calls = [];
  for (let n = 0; n < 100; n++) {
    const before = watch(flame.call(world.pool, count));
    await world.settle();
    const newest = world.backend.machines.at(-1);
    assert.ok(newest);
    const crossing = [1, 2, 3].map(() => watch(flame.call(world.pool, count)));
    void newest.service.stop().then(() => newest.end({ code: 0, signal: null }));
    calls.push(before, ...crossing);
    await world.settle();
  }
  for (const call of calls) assert.equal(call.state, "fulfilled");
  assert.equal(runs, 400);
  assert.ok(world.happened.boot >= 100);
});

test("D5: 400 calls around the idle deadline of real runners", async (t) => {
  const pool = poolFor(t, { max: 1, maxConcurrency: 20, idleShutdownAfter: 40 });
  let lost = 0;
  pool.on("lost", () => void (lost += 1));
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        // From before the deadline to a little after it, and the calls of one round a bit apart.
        await new Promise((resolve) => setTimeout(resolve, 35 + (round % 10) + n / 8));
        assert.equal(await flame.call(pool, fns.add, round, n), round + n);
      }),
    );
  }
  assert.equal(lost, 0);
});

test("D6: while a parent drains, its services and those of its runners are up, for each tick of the work", async () => {
  const { lines, code } = await runParent("drains.ts");
  assert.ok(lines.includes('work {"here":0,"home":0}'), lines.join("\n"));
  assert.ok(lines.includes("the services are closed"));
  assert.ok(lines.indexOf("the services are closed") > lines.indexOf('work {"here":0,"home":0}'));
  assert.equal(code, 0);
});

test("D6: while the host of a runner stops it, the runner's services are up for each tick of the work", async (t) => {
  const pool = poolFor(t, { max: 2 });
  const where = await flame.call(pool, fns.pid);
  const down = await flame.call(pool, fns.work, 50, async (tick) => {
    if (tick === 5) process.kill(where, "SIGTERM");
    return true;
  });
  assert.deepEqual(down, { here: 0, home: 0 });
  await until(() => !lives(where));
});

test("D7: a cast whose caller has ended before there was a runner runs", async (t) => {
  const pool = poolFor(t, { max: 1 });
  const ran = Promise.withResolvers<number>();
  const caller = (): void => flame.cast(pool, fns.tell, async (pid) => ran.resolve(pid));
  caller();
  assert.notEqual(await ran.promise, process.pid);
  await until(() => pool.stats().inFlight === 0);
});

test("D7: a cast runs to its end although its parent has nothing else to do any more", async () => {
  const { lines, code } = await runParent("casts.ts");
  assert.ok(
    lines.some((line) => /^\[casts-1-\w+\] the cast ran to its end$/.test(line)),
    lines.join("\n"),
  );
  assert.equal(code, 0);
});

test("D8: all that a runner has to clean up is cleaned up, though the first of it fails, and the drain waits for it", async (t) => {
  const world = worldFor(t, { max: 1, maxConcurrency: 5 });
  const cleaned: number[] = [];
  const slow = Promise.withResolvers<void>();
  const make = flame.fn("defects/make", (n: number) => ({
    async [Symbol.asyncDispose](): Promise<void> {
      await slow.promise;
      cleaned.push(n);
      if (n === 0) throw new Error("cannot be cleaned up");
    },
  }));
  const caller = new AbortController();
  const placings = [0, 1, 2].map((n) => watch(flame.place(world.pool.with({ signal: caller.signal }), make, n)));
  await world.settle();
  assert.ok(placings.every(({ state }) => state === "fulfilled"));
  const warned = once(process, "warning");
  caller.abort();
  const drained = watch(world.pool.drain());
  await world.pass(1000);
  assert.equal(drained.state, "pending");
  slow.resolve();
  await world.settle();
  assert.equal(drained.state, "fulfilled");
  assert.deepEqual(cleaned, [0, 1, 2]);
  assert.equal(world.happened.lost, 0);
  assert.match(((await warned)[0] as Error).message, /cannot be cleaned up/);
});

test("F19: what pools put on disk is there while they have runners, and gone when they are closed", async (t) => {
  const place = mkdtempSync(join(tmpdir(), "c-"));
  const directory = join(place, "t");
  mkdirSync(directory);
  // What runners compiled is meant to stay, for those of the next parent.
  const env = { TMPDIR: directory, NODE_COMPILE_CACHE: join(place, "compiled") };
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(place, { recursive: true });
  });
  const [one, two] = [poolFor(t, { max: 1 }), poolFor(t, { max: 1 })];
  await Promise.all([flame.call(one, fns.pid), flame.call(two, fns.pid)]);
  assert.equal(readdirSync(directory).length, 1);
  await one.close();
  assert.equal(await flame.call(two, fns.add, 1, 1), 2);
  await two.close();
  assert.deepEqual(readdirSync(directory), []);
});

test("D14: an error names who died and how, and is told from one that was late, refused, or thrown", async (t) => {
  const pool = poolFor(t, { max: 1, timeout: 60_000 });
  const died = await rejection(flame.call(pool, fns.kill));
  assert.ok(RunnerLostError.is(died));
  assert.match(died.message, /^runner conformance-\d+-1-\w+ is lost: .*signal SIGKILL/);
  assert.deepEqual(died.exit, { code: null, signal: "SIGKILL" });
  assert.equal(died.runner, /runner (\S+) is lost/.exec(died.message)?.[1]);
  const late = await rejection(flame.call(pool.with({ timeout: 50 }), fns.sleep, 60_000));
  assert.ok(CallTimeoutError.is(late));
  assert.match(late.message, /conformance\/sleep did not end within 50 ms of its start \(option timeout\)/);
  const thrown = (await rejection(flame.call(pool, fns.fail, 1))) as { runner?: string };
  assert.match(String(thrown.runner), /^conformance-\d+-2-/);
  await pool.close();
  const refused = await rejection(flame.call(pool, fns.add, 1, 1));
  assert.ok(PoolClosedError.is(refused));
  assert.equal(refused.message, `pool "${pool.name}" is closed and takes no more work`);
});

test("D15: a result that is here is delivered, though in that very turn the pool is closed or the runner dies", async (t) => {
  for (const happens of ["the pool is closed", "the runner dies"] as const) {
    const world = worldFor(t, { max: 1 });
    const call = watch(flame.call(world.pool, fns.add, 20, 22));
    world.onSettled = () => {
      if (happens === "the runner dies") world.machine(0).kill();
      else void world.pool.close();
    };
    await world.settle();
    assert.equal(call.value, 42, happens);
    await world.pass(10_000);
    assert.equal(world.pool.stats().inFlight, 0);
  }
});

test("D15: a result that comes after a broken listener is delivered all the same", async (t) => {
  const world = worldFor(t, { max: 1 });
  const warned = once(process, "warning");
  world.pool.on("ready", () => {
    throw new Error("a listener is broken");
  });
  const call = watch(flame.call(world.pool, fns.add, 20, 22));
  await world.settle();
  assert.equal(call.value, 42);
  assert.match(((await warned)[0] as Error).message, /a listener is broken/);
});

test("D16: no secret is in an error, in what an inspection of a pool shows, or in what the app can see", async (t) => {
  const specs: MachineSpec[] = [];
  const inner = flame.backend.process({ entry: fixture("leaks.ts"), execArgv: [] });
  const spied: Backend = {
    name: inner.name,
    network: inner.network,
    provision: (spec, signal) => (specs.push(spec), inner.provision(spec, signal)),
    destroy: (machine) => inner.destroy(machine),
    list: () => inner.list(),
  };
  const pool = poolFor(t, { backend: spied, max: 1 });
  const error = await rejection(flame.call(pool, fns.add, 1, 1));
  assert.ok(BootError.is(error));
  assert.match(error.message, /this is all that I know/, "what it printed is in the error");
  const leaky: Backend = {
    ...spied,
    provision: (spec) => Promise.reject(new Error(`the provider refused ${spec.name}`)),
  };
  const other = poolFor(t, { backend: leaky, max: 1, queueTimeout: 200 });
  const refused = await rejection(flame.call(other, fns.add, 1, 1));
  const deep = { depth: 20, showHidden: true, getters: true } as const;
  const shown = [error, refused, pool, other, pool.explain(), other.explain()].map((value) => inspect(value, deep));
  assert.ok(specs.length > 0);
  for (const { env } of specs) {
    const told = env["FLAME_PARENT"] ?? "";
    const { secret } = JSON.parse(Buffer.from(told, "base64url").toString()) as { secret: string };
    for (const text of shown) {
      assert.ok(!text.includes(secret));
      assert.ok(!text.includes(told));
    }
  }
});

test("D16: what runs on a runner sees who its parent is, and not the secret between them", async (t) => {
  const about = await flame.call(poolFor(t, { backend: flame.backend.process({ entry }) }), fns.about);
  assert.equal(about.secret, undefined);
  assert.deepEqual(Object.keys(about.parent ?? {}).toSorted(), [
    "backend",
    "buildId",
    "depth",
    "epoch",
    "pool",
    "runnerId",
  ]);
});
