/** Two releases of an app at once, as every deploy has them for a while. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { Deployment } from "./deployed-app.ts";

const OLD = { version: "1.0.0", answer: "old" };
const NEW = { version: "2.0.0", answer: "new" };

test("a rolling deploy: both releases work side by side on runners of their own; the old one's end with it", async () => {
  using before = new Deployment(OLD);
  using after = new Deployment(NEW);
  const old = await before.start();
  await old.ask("long");
  const next = await after.start();
  await next.ask("first");
  after.release("first");
  const first = await next.told("first");
  assert.equal(first.answer, "new");

  old.child.kill("SIGTERM");
  await old.ask("late");
  const { code, outcome } = await old.told("late");
  assert.deepEqual({ code, outcome }, { code: "ERR_FLAME_POOL_CLOSED", outcome: "not-started" });
  before.release("long");
  const long = await old.told("long");
  assert.equal(long.answer, "old");
  assert.deepEqual(await old.exit, [null, "SIGTERM"]);
  assert.equal(existsSync(`/proc/${long.runner}`), false, "the old runner is gone");

  await next.ask("second");
  after.release("second");
  assert.deepEqual(await next.told("second"), { ...first, name: "second" });
});

test("files that are replaced under a running parent: its runners go on serving it, and copies of the new release do not", async () => {
  using place = new Deployment(OLD);
  const old = await place.start();
  const idle = await place.start();
  await old.ask("long");
  await old.ready(1);
  place.put(NEW);

  // It has no runner, and can get none any more.
  await idle.ask("refused");
  const { code, cause, outcome, message } = await idle.told("refused");
  assert.deepEqual([code, cause, outcome], ["ERR_FLAME_BOOT", "ERR_FLAME_BUILD_MISMATCH", "not-started"]);
  assert.match(message ?? "", /parent \(shop@1\.0\.0.*runner \(shop@2\.0\.0.*restart the parent/);

  // It has one: what no new copy may do waits for that.
  await old.ask("late");
  await old.line(({ bootFailed }) => bootFailed === "ERR_FLAME_BUILD_MISMATCH");
  place.release("long");
  place.release("late");
  const [long, late] = [await old.told("long"), await old.told("late")];
  assert.deepEqual([long.answer, late.answer, late.runner], ["old", "old", long.runner]);

  const next = await place.start();
  await next.ask("fresh");
  place.release("fresh");
  assert.equal((await next.told("fresh")).answer, "new");
});

test("a closure that was changed under a running parent, in a release of the same name, is refused by its hash", async () => {
  using place = new Deployment(OLD);
  const old = await place.start();
  place.put({ ...OLD, answer: "edited" });
  await old.ask("late");
  const late = await old.told("late");
  assert.deepEqual([late.code, late.outcome], ["ERR_FLAME_BUILD_MISMATCH", "not-started"]);
  assert.match(late.message ?? "", /the source of .*app\.ts#work\/0.* differs/);
});
