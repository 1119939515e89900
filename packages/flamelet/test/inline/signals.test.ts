import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { describe, test } from "node:test";
import { Started } from "../process/harness.ts";
import { onBun, onDeno } from "../runtimes.ts";

const NATIVE = "it calls the listeners itself, so that nobody can hold them back";
const CANNOT_HOLD_BACK: string | false = onBun(NATIVE) || onDeno(NATIVE);

const app = fileURLToPath(new URL("./fixtures/signals.ts", import.meta.url));

async function start(listeners: string, work = "waits"): Promise<Started> {
  const started = new Started([app, listeners, work]);
  await started.says(/ready/);
  return started;
}

describe("a signal", () => {
  test(
    "drains before any listener of the app hears it, whether that came before or after",
    { skip: CANNOT_HOLD_BACK },
    async () => {
      using process = await start("before,after");
      process.child.kill("SIGTERM");
      await process.says(/draining/);
      assert.doesNotMatch(process.stdout, /app/);
      process.child.stdin?.write("go\n");
      assert.deepEqual(await process.exit, { code: 7, signal: null });
      assert.deepEqual(process.stdout.split("\n").slice(1, -1), ["draining", "drained", "app before", "app after"]);
    },
  );

  test("ends a process that does not listen to it by itself, as its exit status says", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      using process = await start("none");
      process.child.kill(signal);
      await process.says(/draining/);
      process.child.stdin?.write("go\n");
      assert.deepEqual(await process.exit, { code: null, signal });
      assert.match(process.stdout, /drained/);
    }
  });

  test("goes its way though the drain fails", async () => {
    using process = await start("none", "fails");
    process.child.kill("SIGTERM");
    assert.deepEqual(await process.exit, { code: null, signal: "SIGTERM" });
  });

  test("that comes a second time goes through at once", async () => {
    using silent = await start("none", "never");
    silent.child.kill("SIGTERM");
    await silent.says(/draining/);
    silent.child.kill("SIGTERM");
    assert.deepEqual(await silent.exit, { code: null, signal: "SIGTERM" });

    using listening = await start("after", "never");
    listening.child.kill("SIGTERM");
    await listening.says(/draining/);
    listening.child.kill("SIGTERM");
    assert.deepEqual(await listening.exit, { code: 7, signal: null });
  });

  test(
    "of another kind, after the drain, ends a process that listens to the first only",
    { skip: CANNOT_HOLD_BACK },
    async () => {
      using process = await start("before");
      process.child.kill("SIGTERM");
      await process.says(/draining/);
      process.child.stdin?.write("go\n");
      await process.says(/app before/);
      process.child.kill("SIGINT");
      assert.deepEqual(await process.exit, { code: null, signal: "SIGINT" });
    },
  );
});
