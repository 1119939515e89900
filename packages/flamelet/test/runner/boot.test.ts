import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BootError, BuildMismatchError, OptionError } from "../../src/errors.ts";
import { turns } from "../session/harness.ts";
import { World } from "./harness.ts";

function failed(world: World): BootError {
  assert.deepEqual(world.log, ["bootFailed"]);
  assert.ok(BootError.is(world.error), String(world.error));
  assert.equal(world.error.runner, "p-1");
  assert.equal(world.seated, false, "the seat is free");
  assert.equal(world.clock.pending, 0, "no timer is left");
  return world.error;
}

describe("a boot", () => {
  test("ends with ready, once, and tells the machine what it needs to know", async () => {
    const world = await World.ready();
    assert.deepEqual(world.log, ["ready"]);
    assert.equal(world.backend.spec?.name, "p-1");
    assert.ok((world.backend.spec?.env["FLAME_PARENT"]?.length ?? 0) > 0);
    world.inside?.ready();
    await world.clock.advance(120_000);
    assert.deepEqual(world.log, ["ready"]);
  });

  test("may be ready before its provider has answered", async () => {
    const world = new World();
    await world.connect();
    world.inside?.ready();
    await turns(3);
    assert.deepEqual(world.log, ["ready"]);
    world.runner.kill("enough");
    await turns(3);
    assert.deepEqual(world.log, ["ready"], "its machine may still come");
    world.backend.come();
    await turns(3);
    assert.deepEqual(world.log, ["ready", "ended"]);
    assert.deepEqual(world.backend.log, ["provision", "aborted", "destroy m1"]);
  });

  test("that crashes fails with its exit and its last words, before anything is told its machine is destroyed", async () => {
    const world = new World();
    world.backend.come();
    await turns(3);
    for (let i = 0; i < 30; i++) world.backend.spec?.onOutput(`line ${i}`, "stderr");
    const destroyed = Promise.withResolvers<void>();
    world.backend.destroyed = destroyed.promise;
    world.backend.exited.resolve({ code: 1, signal: null });
    await turns(3);
    assert.deepEqual(world.log, []);
    destroyed.resolve();
    await turns(3);
    const error = failed(world);
    assert.equal(error.failure, "crash");
    assert.equal(error.permanent, true);
    assert.deepEqual(error.exit, { code: 1, signal: null });
    assert.equal(error.output.length, 20);
    assert.equal(error.output.at(-1), "line 29");
    assert.match(error.message, /exit code 1/);
  });

  test("that was killed from outside may come up the next time", async () => {
    const world = new World();
    world.backend.come();
    await turns(3);
    await world.die({ code: null, signal: "SIGKILL" });
    assert.equal(failed(world).permanent, false);
  });

  test("whose machine ended without code or signal may come up the next time", async () => {
    const world = new World();
    world.backend.come();
    await turns(3);
    await world.die({ code: null, signal: null });
    assert.equal(failed(world).permanent, false);
  });

  test("whose connection breaks waits a moment for its exit", async () => {
    const world = new World();
    world.backend.come();
    await world.connect();
    world.wire?.destroy();
    await turns(3);
    assert.deepEqual(world.log, []);
    world.backend.exited.resolve({ code: 3, signal: null });
    await turns(3);
    assert.deepEqual(failed(world).exit, { code: 3, signal: null });

    const silent = new World();
    silent.backend.come();
    await silent.connect();
    silent.wire?.destroy();
    await silent.clock.advance(1_000);
    assert.equal(failed(silent).exit, null);
  });

  test("that takes too long fails, and says how far it came", async () => {
    for (const [steps, heard] of [
      ["none", /it never connected/],
      ["watchdog", /did not finish loading/],
    ] as const) {
      const world = new World(500);
      world.backend.come();
      if (steps === "watchdog") await world.watch();
      await world.clock.advance(499);
      assert.deepEqual(world.log, []);
      await world.clock.advance(1);
      const error = failed(world);
      assert.equal(error.failure, "timeout");
      assert.equal(error.retryable, true);
      assert.match(error.message, heard);
      assert.match(error.message, /500 ms/);
      assert.deepEqual(world.backend.log, ["provision", "aborted", "destroy m1"]);
    }
  });

  test("that its backend keeps back has its time from when it is let go", async () => {
    const world = new World(500);
    await turns(3);
    const hold = world.backend.spec?.hold?.();
    await world.clock.advance(10_000);
    assert.deepEqual(world.log, []);
    hold?.[Symbol.dispose]();
    await world.clock.advance(499);
    hold?.[Symbol.dispose]();
    assert.deepEqual(world.log, []);
    world.backend.come();
    await world.clock.advance(1);
    assert.equal(failed(world).failure, "timeout");
    world.backend.spec?.hold?.()[Symbol.dispose]();
    assert.equal(world.clock.pending, 0, "what is over has no clock");
  });

  test("of a provider that never answers fails in time, and what comes later is destroyed", async () => {
    const world = new World(500);
    await world.clock.advance(500 + 5_000);
    failed(world);
    world.backend.come();
    await turns(3);
    assert.deepEqual(world.backend.log, ["provision", "aborted", "destroy m1"]);
    assert.deepEqual(world.log, ["bootFailed"]);
  });

  test("that the provider refuses fails with its BootError, or with what it threw", async () => {
    const quota = new BootError("too many", { failure: "quota" });
    for (const [thrown, failure] of [
      [quota, "quota"],
      [new Error("connection reset"), "transient"],
      [new OptionError("no such image"), "config"],
    ] as const) {
      const world = new World();
      world.backend.provisioned.reject(thrown);
      await turns(3);
      const error = failed(world);
      assert.equal(error.failure, failure);
      if (thrown === quota) assert.equal(error, quota);
      else assert.equal(error.cause, thrown);
    }
  });

  test("for which nobody can listen fails", async () => {
    const world = new World(30_000, { seat: () => Promise.reject(new Error("EACCES")) });
    await turns(3);
    assert.match(world.error.message, /EACCES/);
    assert.deepEqual(world.backend.log, []);
    assert.deepEqual(world.log, ["bootFailed"]);
  });

  test("of another build fails for good", async () => {
    const world = new World();
    world.backend.come();
    await turns(3);
    world.seat?.refused(new BuildMismatchError("the build", "a", "b"));
    await turns(3);
    const error = failed(world);
    assert.equal(error.failure, "build");
    assert.equal(error.permanent, true);
  });

  test("that falls silent fails, and is no loss", async () => {
    const silent = new World();
    silent.backend.come();
    await silent.connect();
    await silent.watch();
    // Its connections stay, and nothing comes through them.
    silent.wire!.receiver = null;
    silent.wire!.write = () => true;
    await silent.clock.advance(10_000);
    assert.deepEqual(silent.log, ["bootFailed"]);
    assert.match(silent.error.message, /nothing was heard/);
  });
});

describe("a boot that is cancelled", () => {
  test("before it began provisions nothing", async () => {
    for (const how of ["drain", "kill"] as const) {
      const world = new World();
      if (how === "drain") world.runner.drain("not needed", 1_000);
      else world.runner.kill("not needed");
      await turns(3);
      assert.deepEqual(world.log, ["ended"]);
      assert.deepEqual(world.backend.log, []);
      assert.equal(world.clock.pending, 0);
    }
  });

  test("while its machine is provisioned has ended when that is destroyed", async () => {
    const world = new World();
    await turns(3);
    world.runner.drain("not needed", 1_000);
    await turns(3);
    assert.deepEqual(world.log, []);
    world.backend.come();
    await turns(3);
    assert.deepEqual(world.backend.log, ["provision", "aborted", "destroy m1"]);
    assert.deepEqual(world.log, ["ended"]);
    assert.deepEqual(world.errors, [null]);
    assert.equal(world.clock.pending, 0);
  });

  test("whose provider heeds the signal has ended with that", async () => {
    const world = new World();
    await turns(3);
    world.runner.drain("not needed", 1_000);
    world.backend.provisioned.reject(new Error("aborted"));
    await turns(3);
    assert.deepEqual(world.log, ["ended"]);
  });

  test("while the app loads is not ready any more, whatever it says", async () => {
    const world = new World();
    world.backend.come();
    await world.connect();
    world.runner.drain("not needed", 1_000);
    world.inside?.ready();
    await turns(3);
    assert.deepEqual(world.log, ["ended"]);
    await world.connect();
    await world.die({ code: 0, signal: null });
    await world.clock.advance(60_000);
    assert.deepEqual(world.log, ["ended"]);
  });
});
