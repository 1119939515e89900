import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CallTimeoutError, RunnerLostError, SerializationError, UnknownFunctionError } from "../../src/errors.ts";
import { registerFunction } from "../../src/registry.ts";
import { BLOCKED, RESPONSIVE } from "../../src/session/beat.ts";
import { ref } from "../../src/wire/by-reference.ts";
import { turns } from "../session/harness.ts";
import { work, Running, World } from "./harness.ts";

const pending = (): Promise<never> => new Promise(() => {});

async function settled(running: Running): Promise<Running> {
  await turns(5);
  return running;
}

function lost(world: World): RunnerLostError {
  assert.equal(world.log.at(-1), "lost");
  assert.ok(RunnerLostError.is(world.error), String(world.error));
  return world.error;
}

describe("work", () => {
  test("settles and then ends, once each", async () => {
    const world = await World.ready();
    const good = world.run((n: number) => n + 1, [1]);
    const bad = world.run(() => {
      throw new RangeError("no");
    });
    await turns(5);
    assert.deepEqual([good.log, good.attempt], [["value", "ended"], { value: 2 }]);
    assert.deepEqual(bad.log, ["error", "ended"]);
    assert.ok(bad.error instanceof RangeError);
  });

  test("that gives a ref has ended when that is disposed of", async () => {
    const world = await World.ready();
    const held = world.run(() => ref({ method: () => 1 }));
    await turns(5);
    assert.deepEqual(held.log, ["value"]);
    await (held.attempt as { value: AsyncDisposable }).value[Symbol.asyncDispose]();
    await turns(5);
    assert.deepEqual(held.log, ["value", "ended"]);
  });

  test("goes elsewhere when the app was reloaded after the boot, and the runner wants to go", async () => {
    const world = await World.ready();
    assert.deepEqual((await settled(world.run(() => 1))).log, ["value", "ended"]);
    for (const hash of ["a", "b"])
      registerFunction({ id: "src/hot.ts#f/0", hash, captures: [], where: "src/hot.ts:1", make: () => () => 1 });
    assert.deepEqual((await settled(world.run(() => 1))).attempt, { moved: true });
    assert.match(world.log.at(-1) ?? "", /^leaving: the app was reloaded/);
    const newer = await World.ready();
    assert.deepEqual((await settled(newer.run(() => 1))).attempt, { value: 1 });
  });

  test("that the runner does not know, or cannot read, is an error of its own", async () => {
    const world = await World.ready();
    const unknown = world.run("test/nowhere");
    await world.clock.advance(2_000);
    assert.ok(UnknownFunctionError.is(unknown.error));
    assert.equal(unknown.error.outcome, "not-started");
    assert.deepEqual(unknown.log, ["error", "ended"]);
  });

  test("with something that lives on another runner is refused at once, and its slot is free", async () => {
    const [one, other] = [await World.ready(), await World.ready()];
    const held = one.run(() => ref({ method: () => 1 }));
    await turns(5);
    const { value } = held.attempt as { value: unknown };
    const wrong = other.run(() => 1, [value]);
    assert.deepEqual(wrong.log, ["error", "ended"]);
    assert.ok(SerializationError.is(wrong.error));
  });

  test("whose signal aborts rejects at once and keeps its slot until it ends", async () => {
    const world = await World.ready();
    const release = Promise.withResolvers<void>();
    const controller = new AbortController();
    const running = world.run(() => release.promise, [], { signal: controller.signal });
    await turns(3);
    controller.abort(new Error("changed my mind"));
    assert.deepEqual(running.log, ["error"]);
    assert.equal(running.error.message, "changed my mind");
    await turns(5);
    assert.deepEqual(running.log, ["error"]);
    release.resolve();
    await turns(5);
    assert.deepEqual(running.log, ["error", "ended"]);
  });

  test("that is not sent yet when its signal aborts has ended at once", async () => {
    const world = await World.ready();
    const controller = new AbortController();
    const running = world.run(() => assert.fail("must not run"), [], { signal: controller.signal });
    controller.abort(new Error("changed my mind"));
    assert.deepEqual(running.log, ["error", "ended"]);
    await turns(5);
  });

  test("is out of time so long after its start, and makes its runner leave when it goes on regardless", async () => {
    const world = await World.ready();
    const running = world.run(pending, [], { timeout: 100 });
    await world.clock.advance(99);
    assert.deepEqual(running.log, []);
    await world.clock.advance(1);
    assert.deepEqual(running.log, ["error"]);
    assert.ok(CallTimeoutError.is(running.error));
    await world.clock.advance(4_999);
    assert.deepEqual(world.log, ["ready"]);
    await world.clock.advance(1);
    assert.deepEqual(world.log, ["ready", "leaving: the work ignores that its time is over"]);
    await world.clock.advance(60_000);
    assert.equal(world.log.length, 2);
  });

  test("that heeds the end of its time does not", async () => {
    const world = await World.ready();
    const release = Promise.withResolvers<void>();
    const running = world.run(() => release.promise, [], { timeout: 100 });
    await world.clock.advance(100);
    release.resolve();
    await world.clock.advance(60_000);
    assert.deepEqual(running.log, ["error", "ended"]);
    assert.deepEqual(world.log, ["ready"]);
  });

  test("whose caller gave up still has only its time", async () => {
    const world = await World.ready();
    const controller = new AbortController();
    // It starts and is cancelled in one go, so its start is heard of when nobody waits any more.
    const running = world.run(pending, [], { timeout: 100, signal: controller.signal });
    await turns(1);
    controller.abort(new Error("changed my mind"));
    await world.clock.advance(100 + 5_000);
    assert.deepEqual(running.log, ["error"]);
    assert.equal(world.log.at(-1), "leaving: the work ignores that its time is over");
  });

  test("that streams has its time until the stream ends; a placed child only for being made", async () => {
    const world = await World.ready();
    const stream = world.run(
      async function* () {
        yield 1;
        await pending();
      },
      [],
      { kind: "stream", timeout: 100 },
    );
    const child = world.run(() => ({ method: () => 1 }), [], { kind: "place", timeout: 100 });
    await turns(5);
    const iterator = (stream.attempt as { value: AsyncIterable<number> }).value[Symbol.asyncIterator]();
    assert.equal((await iterator.next()).value, 1);
    const next = iterator.next();
    next.catch(() => {});
    await world.clock.advance(100);
    await assert.rejects(next, CallTimeoutError.is.bind(CallTimeoutError));
    assert.equal(await (child.attempt as { value: { method(): Promise<number> } }).value.method(), 1);
  });

  test("on a runner whose event loop stopped answering has a clock that runs all the same", async () => {
    const world = await World.ready();
    await world.watch();
    const running = world.run(() => assert.fail("it is blocked"), [new Blob(["x"])], { timeout: 2_000 });
    // Nothing that the runner says or hears comes through.
    world.watchdogWire?.write([Buffer.of(BLOCKED)]);
    world.wire!.receiver = null;
    await turns(5);
    assert.deepEqual(world.log, ["ready", "unresponsive"]);
    await world.clock.advance(2_000);
    assert.ok(CallTimeoutError.is(running.error));
  });

  test("that was never sent when its time ended leaves no clock behind", async () => {
    const world = await World.ready();
    await world.watch();
    const blob = Object.assign(new Blob(["x"]), { arrayBuffer: pending });
    const running = world.run(() => 1, [blob], { timeout: 1_000 });
    world.watchdogWire?.write([Buffer.of(BLOCKED)]);
    await turns(5);
    for (let i = 0; i < 12; i++) {
      world.watchdogWire?.write([Buffer.of(RESPONSIVE)]);
      await world.clock.advance(1_000);
    }
    assert.deepEqual(running.log, ["error", "ended"]);
    assert.ok(!world.log.some((what) => what.startsWith("leaving")), world.log.join());
  });
});

describe("a runner that is drained", () => {
  test("ends its work, takes no new, says goodbye and has ended when its machine is gone", async () => {
    const world = await World.ready();
    const release = Promise.withResolvers<string>();
    const running = world.run(() => release.promise);
    await turns(5);
    world.runner.drain("not needed", 1_000);
    const late = world.run(() => assert.fail("must not run"));
    await turns(5);
    assert.deepEqual(late.log, ["moved", "ended"]);
    const destroyed = Promise.withResolvers<void>();
    world.backend.destroyed = destroyed.promise;
    release.resolve("done");
    await turns(5);
    assert.deepEqual(running.attempt, { value: "done" });
    world.backend.exited.resolve({ code: 0, signal: null });
    await turns(5);
    assert.deepEqual(world.log, ["ready"]);
    destroyed.resolve();
    await turns(5);
    assert.deepEqual(world.log, ["ready", "ended"]);
    assert.equal(world.clock.pending, 0);
  });

  test("and does not end in time is killed", async () => {
    const world = await World.ready();
    const running = world.run(pending);
    await turns(5);
    world.runner.drain("not needed", 1_000);
    await world.clock.advance(1_000);
    assert.deepEqual(running.log, ["lost", "ended"]);
    assert.match(lost(world).message, /did not end within 1000 ms .*not needed/);
    assert.deepEqual(world.backend.log.at(-1), "destroy m1");
  });

  test("sends back work that was on its way", async () => {
    const world = await World.ready();
    const large = world.run((bytes: Uint8Array) => bytes.length, [new Uint8Array(2_000_000)]);
    world.runner.drain("not needed", 10_000);
    await turns(100);
    world.backend.exited.resolve({ code: 0, signal: null });
    await turns(5);
    // It had not arrived when the runner said goodbye, or it had and ran: never anything between.
    assert.ok(["moved,ended", "value,ended"].includes(large.log.join()), large.log.join());
    assert.deepEqual(world.log, ["ready", "ended"]);
  });

  test("twice, or killed meanwhile, ends once", async () => {
    const world = await World.ready();
    world.runner.drain("not needed", 1_000);
    world.runner.drain("not needed", 10);
    await turns(5);
    world.runner.kill("now");
    world.runner.kill("now");
    await world.clock.advance(60_000);
    assert.deepEqual(world.log, ["ready", "ended"]);
  });

  test("after its connection broke still says how it ended", async () => {
    const world = await World.ready();
    const running = world.run(pending);
    await turns(5);
    world.wire?.destroy();
    await turns(3);
    world.runner.drain("not needed", 60_000);
    await world.clock.advance(1_000);
    assert.deepEqual(running.log, ["lost", "ended"]);
    lost(world);
  });
});

describe("a runner that is lost", () => {
  test("says how its process ended, to its pool and to everybody who waits", async () => {
    const world = await World.ready();
    const running = world.run(pending);
    await turns(5);
    const unsent = world.run(() => assert.fail("must not run"), [new Blob(["x"])]);
    world.wire?.destroy();
    await turns(5);
    assert.deepEqual(running.log, []);
    assert.deepEqual(unsent.log, ["moved", "ended"], "it can go elsewhere without waiting for that");
    world.backend.exited.resolve({ code: null, signal: "SIGKILL" });
    await turns(5);
    const error = lost(world);
    assert.deepEqual(error.exit, { code: null, signal: "SIGKILL" });
    assert.match(error.message, /SIGKILL/);
    assert.equal(running.error, error);
    assert.equal(error.outcome, "unknown");
    assert.deepEqual(running.log, ["lost", "ended"]);
    assert.deepEqual(world.backend.log, ["provision", "aborted", "destroy m1"]);
  });

  test("waits a second for that, and no longer", async () => {
    const world = await World.ready();
    const running = world.run(pending);
    await turns(5);
    world.wire?.destroy();
    await world.clock.advance(999);
    assert.deepEqual(running.log, []);
    await world.clock.advance(1);
    assert.equal(lost(world).exit, null);
  });

  test("gives new work back between its loss and its end, and after it", async () => {
    const world = await World.ready();
    world.wire?.destroy();
    await turns(3);
    assert.deepEqual(world.run(() => 1).log, ["moved", "ended"]);
    await world.clock.advance(1_000);
    assert.deepEqual(world.run(() => 1).log, ["moved", "ended"]);
  });

  test("cannot come back over another connection: what was open is settled", async () => {
    const world = await World.ready();
    const running = world.run(pending);
    await turns(5);
    world.wire?.destroy();
    await turns(3);
    await world.connect();
    await world.clock.advance(1_000);
    assert.deepEqual(running.log, ["lost", "ended"]);
    lost(world);
  });

  test("by silence is lost after five seconds, unless its watchdog says that it only blocks", async () => {
    const frozen = await World.ready();
    await frozen.watch();
    // Its main thread hears and says nothing.
    frozen.wire!.receiver = null;
    frozen.wire!.write = () => true;
    for (let i = 0; i < 60; i++) {
      frozen.watchdogWire?.write([Buffer.of(BLOCKED)]);
      await frozen.clock.advance(1_000);
    }
    assert.deepEqual(frozen.log, ["ready", "unresponsive"]);
    // Now that falls silent, too.
    await frozen.clock.advance(7_000);
    assert.deepEqual(frozen.log, ["ready", "unresponsive", "lost"]);
    assert.match(frozen.error.message, /nothing was heard/);
  });

  test("to a kill with work is lost, without work it has ended", async () => {
    const [busy, idle] = [await World.ready(), await World.ready()];
    const running = busy.run(pending);
    await turns(5);
    busy.runner.kill("the pool was closed");
    idle.runner.kill("the pool was closed");
    await turns(5);
    assert.deepEqual(running.log, ["lost", "ended"]);
    assert.match(lost(busy).message, /the pool was closed/);
    assert.deepEqual(idle.log, ["ready", "ended"]);
  });

  test("whose machine cannot be destroyed has ended after a while, with a warning", async () => {
    const world = await World.ready();
    world.backend.destroyed = pending();
    world.runner.kill("enough");
    await world.clock.advance(4_999);
    assert.deepEqual(world.log, ["ready"]);
    await world.clock.advance(1);
    assert.deepEqual(world.log, ["ready", "ended"]);
    const failing = await World.ready();
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
    failing.backend.destroyed = Promise.reject(new Error("503"));
    failing.runner.kill("enough");
    assert.match((await warned).message, /503/);
    await turns(3);
    assert.deepEqual(failing.log, ["ready", "ended"]);
  });
});

test("a runner that wants to leave says so while it is ready, and not after", async () => {
  const world = await World.ready();
  world.inside?.leaving("its host is stopping it");
  await turns(3);
  assert.deepEqual(world.log, ["ready", "leaving: its host is stopping it"]);
  world.runner.drain("it leaves", 1_000);
  world.inside?.leaving("again");
  await turns(5);
  await world.die({ code: 0, signal: null });
  assert.deepEqual(world.log, ["ready", "leaving: its host is stopping it", "ended"]);
});

test("work with streams that a draining runner sent back arrives whole elsewhere", async () => {
  const [one, other] = [await World.ready(), await World.ready()];
  one.runner.drain("not needed", 10_000);
  const piece = work((stream: ReadableStream) => Array.fromAsync(stream), [ReadableStream.from(["a", "b"])]);
  const first = new Running(one.runner, piece);
  await turns(5);
  assert.deepEqual(first.log, ["moved", "ended"]);
  const second = new Running(other.runner, piece);
  await turns(10);
  assert.deepEqual(second.attempt, { value: ["a", "b"] });
});
