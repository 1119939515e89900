/** The verbs on real runners: processes of this host that are copies of `fixtures/app.ts`. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, describe, test } from "node:test";
import {
  BootError,
  CallTimeoutError,
  flame,
  NotCompiledError,
  type Pool,
  PoolClosedError,
  QueueFullError,
  QueueTimeoutError,
  RunnerLostError,
  SerializationError,
  UnknownFunctionError,
} from "flamelet";
import * as fns from "./fixtures/functions.ts";
import { onBun } from "../runtimes.ts";

const entry = (name: string): URL => new URL(`./fixtures/${name}.ts`, import.meta.url);
let pools = 0;

/** A pool of its own for one test, gone when the test ends. */
function pool(options: Parameters<typeof flame.pool>[1] = {}, app = "app"): Pool & AsyncDisposable {
  const made = flame.pool(`process-${(pools += 1)}`, {
    max: 2,
    ...options,
    backend: flame.backend.process({ entry: entry(app) }),
  });
  return Object.assign(Object.create(made) as Pool, { [Symbol.asyncDispose]: () => made.close() });
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until `check` holds. The test's own timeout is what ends a wait that is in vain. */
async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const shared = flame.pool("process-shared", {
  max: 1,
  maxConcurrency: 50,
  backend: flame.backend.process({ entry: entry("app") }),
});
after(() => shared.close());

describe("a call", () => {
  test("runs in another process, a copy of the app, and gives its value", async () => {
    assert.equal(await flame.call(shared, fns.add, 1, 2), 3);
    assert.notEqual(await flame.call(shared, fns.pid), process.pid);
    const there = await flame.call(shared, fns.describe);
    assert.equal(there.isRunner, true);
    assert.equal(there.parent?.pool, "process-shared");
    assert.equal(there.parent?.backend, "process");
    assert.equal(there.runner?.pool, "process-shared");
    assert.equal(there.secret, null);
    assert.equal(flame.isRunner, false);
    assert.equal(flame.parent, null);
  });

  test("takes and gives everything that structured clone knows, and more", async () => {
    const cyclic: { self?: unknown; list: number[] } = { list: [1, 2] };
    cyclic.self = cyclic;
    const sent = {
      map: new Map<unknown, unknown>([["a", new Set([1n, -0, NaN])]]),
      date: new Date(0),
      bytes: new Uint8Array([1, 2, 3]),
      buffer: Buffer.from("hello"),
      url: new URL("https://example.com/a?b=c"),
      cyclic,
      money: new fns.Money(5),
      big: "x".repeat(300_000),
      none: undefined,
    };
    assert.deepEqual(await flame.call(shared, fns.echo, sent), sent);
  });

  test("carries many megabytes both ways", async () => {
    const bytes = new Uint8Array(20_000_000).fill(7);
    const back = (await flame.call(shared, fns.echo, bytes)) as Uint8Array;
    assert.equal(back.length, bytes.length);
    assert.equal(Buffer.compare(back, bytes), 0);
  });

  test("rejects with the function's own error, with its class, cause, code, fields, stack and runner", async () => {
    const error = await flame.call(shared, fns.fail, "no luck").then(
      () => assert.fail(),
      (e: unknown) => e as RangeError & { code: string; detail: unknown; runner: string },
    );
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, "no luck");
    assert.equal((error.cause as Error).message, "the cause");
    assert.equal(error.code, "E_TEST");
    assert.deepEqual(error.detail, { at: 3 });
    assert.match(error.stack as string, /fixtures\/functions\.ts:\d+/);
    assert.match(error.runner, /^process-shared-1-/);
  });

  test("whose value cannot cross says where in it, and that it ran", async () => {
    const error = await flame.call(shared, fns.unsendable).then(
      () => assert.fail(),
      (e: unknown) => e,
    );
    assert.ok(SerializationError.is(error));
    assert.match(error.message, /deep\[0\]\.weak/);
    assert.equal(error.outcome, "unknown");
  });

  test("whose argument cannot cross is rejected before anything is sent", async () => {
    await assert.rejects(flame.call(shared, fns.echo, { db: { socket: new WeakMap() } }), (error) => {
      assert.ok(SerializationError.is(error));
      assert.match(error.message, /argument 1 of test\/echo \(db\.socket: WeakMap\) from .*process\.test\.ts:\d+/);
      assert.equal(error.outcome, "not-started");
      return true;
    });
  });

  test("of an inline closure that was not compiled says where, and what to do", async () => {
    await assert.rejects(
      flame.call(shared, () => 1),
      (error) => {
        assert.ok(NotCompiledError.is(error));
        assert.match(error.message, /process\.test\.ts:\d+:\d+/);
        assert.match(error.message, /--import flamelet\/register/);
        return true;
      },
    );
  });

  test("of a function that only the parent has is an UnknownFunction error", async () => {
    const local = flame.fn("test/only-here", () => 1);
    await assert.rejects(
      flame.call(shared, local),
      (error) => UnknownFunctionError.is(error) && /test\/only-here/.test(error.message),
    );
  });

  test("that a promise in its value settles later, settles here too", async () => {
    const { promise } = await flame.call(shared, fns.later, 30, "late");
    assert.equal(await promise, "late");
  });
});

describe("functions that stay home", () => {
  test("a callback that throws is a warning over there when nobody waits for it, and ends nothing", async () => {
    const heard: number[] = [];
    const runner = await flame.call(shared, fns.progress, (done: number) => {
      heard.push(done);
      throw new Error("the listener is gone");
    });
    assert.deepEqual(heard, [1, 2, 3]);
    assert.equal(await flame.call(shared, fns.pid), runner);
  });

  test("an argument that is a function is called from the other side, and its errors go there", async () => {
    assert.equal(await flame.call(shared, fns.callBack, async (n: number) => n * 2, 5), 20);
    await assert.rejects(
      flame.call(shared, fns.callBack, () => Promise.reject(new TypeError("from home")), 1),
      (error) => error instanceof TypeError && error.message === "from home",
    );
  });
});

describe("cancellation", () => {
  test("rejects at once with the signal's reason; the function sees it, and keeps its slot until it ends", async () => {
    await using one = pool({ max: 1, maxConcurrency: 1 });
    const controller = new AbortController();
    const told = Promise.withResolvers<string>();
    const call = flame.call(
      one.with({ signal: controller.signal }),
      fns.untilAborted,
      async (reason) => void told.resolve(reason),
    );
    call.catch(() => {});
    await until(() => one.stats().inFlight === 1);
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(call, (error) => error === reason);
    await until(() => one.stats().inFlight === 0);
    assert.equal(await flame.call(one, fns.add, 1, 1), 2);
  });

  test("of a queued call takes it out of the queue", async () => {
    await using one = pool({ max: 1, maxConcurrency: 1 });
    const release = Promise.withResolvers<void>();
    const first = flame.call(one, fns.stubborn, release.promise);
    await until(() => one.stats().inFlight === 1);
    const controller = new AbortController();
    const second = flame.call(one.with({ signal: controller.signal }), fns.add, 1, 1);
    second.catch(() => {});
    await until(() => one.stats().queued === 1);
    controller.abort();
    await assert.rejects(second, { name: "AbortError" });
    assert.equal(one.stats().queued, 0);
    release.resolve();
    await first;
  });

  test("before the call is made, nothing runs", async () => {
    const reason = new Error("already");
    await assert.rejects(
      flame.call(shared.with({ signal: AbortSignal.abort(reason) }), fns.add, 1, 1),
      (error) => error === reason,
    );
  });
});

describe("clocks", () => {
  test("at timeout the caller is rejected and the function's signal aborts", async () => {
    const aborted = Promise.withResolvers<string>();
    const call = flame.call(
      shared.with({ timeout: 100 }),
      fns.untilAborted,
      async (reason) => void aborted.resolve(reason),
    );
    await assert.rejects(call, (error) => CallTimeoutError.is(error) && error.outcome === "unknown");
  });

  test("timeout does not include the queue or the boot", async () => {
    await using slow = pool({ max: 1, maxConcurrency: 1 }, "slow-start");
    // The boot takes a second.
    assert.equal(await flame.call(slow.with({ timeout: 500 }), fns.add, 1, 1), 2);
    const release = Promise.withResolvers<void>();
    const first = flame.call(slow, fns.stubborn, release.promise);
    await until(() => slow.stats().inFlight === 1);
    const second = flame.call(slow.with({ timeout: 500 }), fns.add, 1, 2);
    setTimeout(release.resolve, 600);
    assert.equal(await second, 3);
    await first;
  });

  test("queueTimeout rejects a call that gets no slot, as not started, and says why", async () => {
    await using one = pool({ max: 1, maxConcurrency: 1 });
    const release = Promise.withResolvers<void>();
    const first = flame.call(one, fns.stubborn, release.promise);
    await until(() => one.stats().inFlight === 1);
    await assert.rejects(
      flame.call(one.with({ queueTimeout: 50 }), fns.add, 1, 1),
      (error) => QueueTimeoutError.is(error) && error.outcome === "not-started",
    );
    release.resolve();
    await first;
  });

  test("maxQueue refuses at once", async () => {
    await using one = pool({ max: 1, maxConcurrency: 1, maxQueue: 0 });
    await one.ready;
    await assert.rejects(Promise.all([flame.call(one, fns.sleep, 50), flame.call(one, fns.sleep, 50)]), (error) =>
      QueueFullError.is(error),
    );
  });
});

describe("runners that go", () => {
  test("process.exit in a function rejects its call with the exit code, and the pool goes on", async () => {
    await using two = pool({ maxConcurrency: 1 });
    await assert.rejects(flame.call(two, fns.exit, 7), (error) => {
      assert.ok(RunnerLostError.is(error));
      assert.equal(error.exit?.code, 7);
      assert.equal(error.outcome, "unknown");
      return true;
    });
    assert.equal(await flame.call(two, fns.add, 1, 1), 2);
  });

  test("a runner that is killed takes only its own calls with it", async () => {
    await using two = pool({ maxConcurrency: 1 });
    const release = Promise.withResolvers<void>();
    const other = flame.call(two, fns.stubborn, release.promise);
    await until(() => two.stats().inFlight === 1);
    await assert.rejects(
      flame.call(two, fns.kill),
      (error) => RunnerLostError.is(error) && error.exit?.signal === "SIGKILL",
    );
    release.resolve();
    await other;
  });

  test("retry runs a lost call again", async () => {
    await using two = pool({ maxConcurrency: 1 });
    await assert.rejects(flame.call(two.with({ retry: 1 }), fns.exit, 3), RunnerLostError.is.bind(RunnerLostError));
    assert.equal(two.stats().inFlight, 0);
  });

  test("work that blocks the event loop does not make its runner lost", async () => {
    await using one = pool({ max: 1 });
    assert.equal(await flame.call(one, fns.block, 7_000), "unblocked");
  });

  test("work that ignores its timeout makes its runner drain and, in the end, be killed", async () => {
    await using one = pool({ max: 1, timeout: 100, shutdownTimeout: 200 });
    const where = await flame.call(one, fns.pid);
    await assert.rejects(flame.call(one, fns.deaf), CallTimeoutError.is.bind(CallTimeoutError));
    await gone(where);
  });

  test("idle runners retire, and what functions started there dies with them", async () => {
    await using one = pool({ max: 1, idleShutdownAfter: 100 });
    const where = await flame.call(one, fns.pid);
    const child = await flame.call(one, fns.childProcess);
    await gone(where);
    await gone(child);
    await until(() => one.stats().runners === 0);
  });
});

describe("boots that fail", () => {
  test("a crash on start reaches the caller with the last words of the app", async () => {
    await using bad = pool({}, "crashes");
    await assert.rejects(flame.call(bad, fns.add, 1, 1), (error) => {
      assert.ok(BootError.is(error));
      assert.equal(error.permanent, true);
      assert.equal(error.exit?.code, 1);
      assert.match(error.message, /about to crash/);
      assert.match(error.message, /the app crashes on start/);
      return true;
    });
  });

  test(
    "a copy that listens on the parent's port is told about flame.isRunner",
    { skip: onBun("it tells of an uncaught error when the top-level await is over") },
    async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      process.env["TEST_PORT"] = String((server.address() as { port: number }).port);
      await using bad = pool({}, "listens");
      await assert.rejects(
        flame.call(bad, fns.add, 1, 1),
        (error) => BootError.is(error) && /flame\.isRunner/.test(error.message),
      );
      server.close();
    },
  );

  test("an app that never finishes loading fails at bootTimeout", async () => {
    await using bad = pool({ bootTimeout: 1_500 }, "hangs");
    const failed = new Promise<BootError>((resolve) => bad.on("bootFailed", ({ error }) => resolve(error)));
    const patient = flame.call(bad, fns.add, 1, 1);
    patient.catch(() => {});
    assert.match((await failed).message, /bootTimeout/);
    await assert.rejects(
      flame.call(bad.with({ queueTimeout: 1 }), fns.add, 1, 1),
      (error) => QueueTimeoutError.is(error) && BootError.is(error.cause) && /bootTimeout/.test(error.cause.message),
    );
  });
});

describe("streams", () => {
  test("give their chunks in order", async () => {
    const seen: number[] = [];
    for await (const n of flame.stream(shared, fns.count, 1_000)) seen.push(n);
    assert.deepEqual(
      seen,
      Array.from({ length: 1_000 }, (_, i) => i),
    );
  });

  test("a slow reader slows the writer, and a reader that leaves ends it", async () => {
    let read = 0;
    for await (const chunk of flame.stream(shared, fns.endless)) {
      assert.equal(chunk.length, 65_536);
      read += 1;
      if (read === 3) break;
    }
    await until(async () => (await flame.call(shared, fns.endlessState)).finished === "yes");
    const { produced } = await flame.call(shared, fns.endlessState);
    assert.ok(produced < 40, `${produced} chunks were produced for 3 that were read`);
  });

  test("a stream argument is read over there", async () => {
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < 300; i++) controller.enqueue(new Uint8Array(30_000));
        controller.close();
      },
    });
    assert.equal(await flame.call(shared, fns.readAll, source), 9_000_000);
  });

  test("a writable argument is written from there", async () => {
    let bytes = 0;
    let closed = false;
    const sink = new WritableStream<Uint8Array>({
      write: (chunk) => void (bytes += chunk.length),
      close: () => void (closed = true),
    });
    await flame.call(shared, fns.writeTo, sink, 50);
    assert.equal(bytes, 500_000);
    assert.equal(closed, true);
  });

  test("a stream ends with the error of a runner that dies", async () => {
    await using one = pool({ max: 1 });
    const where = await flame.call(one, fns.pid);
    await assert.rejects(async () => {
      for await (const _ of flame.stream(one, fns.endless)) process.kill(where, "SIGKILL");
    }, RunnerLostError.is.bind(RunnerLostError));
  });
});

describe("map", () => {
  test("gives values in the order of the items, or as they are done", async () => {
    const items = [60, 1, 30];
    const ordered: number[] = [];
    for await (const n of flame.map(shared, items, fns.echo)) ordered.push(n as number);
    assert.deepEqual(ordered, items);
    const all = new Set<unknown>();
    for await (const n of flame.map(shared, items, fns.echo, { ordered: false, concurrency: 2 })) all.add(n);
    assert.deepEqual(all, new Set(items));
  });

  test("ends at the first failure", async () => {
    await assert.rejects(async () => {
      for await (const _ of flame.map(shared, ["a", "b"], fns.fail));
    }, RangeError);
  });
});

describe("placed children", () => {
  test("live on a runner, keep their state and hold a slot until they are disposed of", async () => {
    await using one = pool({ max: 1 });
    const changes: number[] = [];
    {
      await using counter = await flame.place(one, fns.makeCounter, (total: number) => changes.push(total));
      assert.equal(one.stats().inFlight, 1);
      assert.deepEqual(await Promise.all([counter.addSlowly(1, 50), counter.add(2)]), [3, 2]);
      const seen: number[] = [];
      for await (const n of counter.upTo(3)) seen.push(n);
      assert.deepEqual(seen, [1, 2, 3]);
      await assert.rejects(
        counter.fail(),
        (error) => error instanceof TypeError && error.message === "the counter fails",
      );
      assert.equal(one.stats().inFlight, 1);
    }
    assert.deepEqual(changes, [2, 3]);
    await until(() => one.stats().inFlight === 0);
    assert.equal(await flame.call(one, fns.countersDisposed), 1);
  });

  test("are not awaitable by accident, and can be awaited many times over", async () => {
    const counter = await flame.place(shared, fns.makeCounter);
    assert.equal(await Promise.resolve(counter), counter);
    await counter[Symbol.asyncDispose]();
    await counter[Symbol.asyncDispose]();
    await assert.rejects(counter.add(1));
  });

  test("an object that comes home is itself", async () => {
    await using counter = await flame.place(shared, fns.makeCounter);
    await counter.add(5);
    const again = (await counter.self()) as unknown as typeof counter;
    assert.equal(await again.add(1), 6);
  });
});

describe("the end of a pool", () => {
  test("drain lets running work end, rejects what is queued, and takes nothing new", async () => {
    await using one = pool({ max: 1, maxConcurrency: 1 });
    const release = Promise.withResolvers<void>();
    const running = flame.call(one, fns.stubborn, release.promise);
    await until(() => one.stats().inFlight === 1);
    const queued = flame.call(one, fns.add, 1, 1);
    queued.catch(() => {});
    await until(() => one.stats().queued === 1);
    const drained = one.drain();
    await assert.rejects(queued, PoolClosedError.is.bind(PoolClosedError));
    await assert.rejects(flame.call(one, fns.add, 1, 1), PoolClosedError.is.bind(PoolClosedError));
    release.resolve();
    await running;
    await drained;
    assert.equal(one.stats().runners, 0);
  });
});
