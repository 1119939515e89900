/** The secret of a runner shows nowhere: not in errors, not in what is printed, not to what a runner starts. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, test } from "node:test";
import { inspect } from "node:util";
import { dialParent } from "../../src/child/dial.ts";
import { decodeParentEnv, encodeParentEnv, type ParentEnv } from "../../src/child/parent-env.ts";
import { BootError, flame, type PoolOptions, RunnerLostError } from "../../src/index.ts";
import { processBackend } from "../../src/backends/process.ts";
import { until } from "../../src/testing/until.ts";
import { tellAll, throwAll, die } from "./fixtures/tells-all.ts";
import { watched, type Watched } from "./harness.ts";

const entry = new URL("./fixtures/tells-all.ts", import.meta.url);
const app = (env: Record<string, string> = {}) => processBackend({ entry, execArgv: [], env });

/** All that runners wrote, and what was warned of, while a test ran: what would be in a log. */
let log: string[] = [];
const warned = (warning: Error): void => void log.push(inspect(warning));
beforeEach(() => {
  log = [];
  process.on("warning", warned);
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write;
    // The test runner's own reports go by the same way.
    const keep = (chunk: unknown, ...rest: never[]): boolean => {
      if (typeof chunk !== "string" || !chunk.startsWith("[hostile-"))
        return write.call(stream, chunk as string, ...rest);
      log.push(chunk);
      return true;
    };
    stream.write = keep as typeof write;
    undo.push(() => void (stream.write = write));
  }
});
const undo: (() => void)[] = [];
afterEach(() => {
  process.off("warning", warned);
  for (const one of undo.splice(0)) one();
});

function everything(value: unknown): string {
  const texts = [inspect(value, { depth: 10, showHidden: true })];
  for (let error = value; error instanceof Error; error = error.cause)
    texts.push(error.message, error.stack ?? "", JSON.stringify(error), JSON.stringify(Object.values(error)));
  return texts.join("\n");
}

/** Fails when a secret of these runners can be read in any of it, in the log, or in the pool. */
function keepsSecrets({ told, encoded, pool }: Watched, ...values: unknown[]): void {
  assert.ok(told.length > 0);
  const shown = [...values, pool, pool.stats(), pool.explain(), log.join("")].map(everything).join("\n");
  told.forEach(({ secret }, i) => {
    const raw = Buffer.from(secret, "base64url");
    const forms = [secret, raw.toString("hex"), raw.toString("base64"), raw.toString("latin1"), encoded[i] as string];
    for (const form of forms) assert.ok(!shown.includes(form), "a secret can be read");
  });
  assert.ok(!/FLAME_PARENT['"]?\s*[:=]/.test(shown), "FLAME_PARENT can be read");
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error,
  );

test("a runner that shows all it can find does not find it, nor does what it starts", async () => {
  await using it = watched({}, app());
  const shown = await flame.call(it.pool, tellAll);
  assert.match(shown, /isRunner/);
  const error = await caught(flame.call(it.pool, throwAll));
  keepsSecrets(it, shown, error);
  await until(() => log.join("").includes("isRunner"));
  keepsSecrets(it);
});

test("nor does a boot that crashes, with its last words", async () => {
  await using it = watched({}, app({ CRASH: "yes" }));
  const error = await caught(flame.call(it.pool, tellAll));
  assert.ok(BootError.is(error) && error.failure === "crash" && error.output.length > 0);
  keepsSecrets(it, error);
});

test("nor does a runner that is lost", async () => {
  await using it = watched({}, app());
  const error = await caught(flame.call(it.pool, die));
  assert.ok(RunnerLostError.is(error));
  keepsSecrets(it, error);
});

/** Tells runners something else than what their parent said. */
function told(change: (env: ParentEnv) => string, options: PoolOptions = {}): Watched {
  return watched(options, app(), (spec) => {
    const env = decodeParentEnv(spec.env["FLAME_PARENT"] ?? "");
    return { ...spec, env: { FLAME_PARENT: change(env) } };
  });
}

test("nor does one that is told nonsense", async () => {
  // The secret is still in it, which is what makes it dangerous.
  await using it = told((env) => encodeParentEnv({ ...env, epoch: -1 }));
  const error = await caught(flame.call(it.pool, tellAll));
  assert.ok(BootError.is(error) && /FLAME_PARENT is malformed: its field "epoch"/.test(error.message));
  const { told: secrets, encoded, pool } = it;
  const shown = everything([error, pool, log]);
  for (const secret of [...secrets.map((env) => env.secret), ...encoded]) assert.ok(!shown.includes(secret));
});

test("nor one that has the wrong secret, or is of another boot", async () => {
  for (const change of [
    (env: ParentEnv) => encodeParentEnv({ ...env, secret: randomBytes(32).toString("base64url") }),
    (env: ParentEnv) => encodeParentEnv({ ...env, epoch: env.epoch + 1 }),
  ]) {
    await using it = told(change, { bootTimeout: 1_500 });
    const failed = new Promise((resolve) => it.pool.on("bootFailed", ({ error }) => resolve(error)));
    const patient = flame.call(it.pool, tellAll);
    patient.catch(() => {});
    const error = await failed;
    keepsSecrets(it, error, await caught(flame.call(it.pool.with({ queueTimeout: 1 }), tellAll)));
  }
});

test("nor does an error of somebody who dials in with the secret of a runner that is connected already", async () => {
  await using it = watched({}, app());
  await flame.call(it.pool, tellAll);
  const [env] = it.told as [ParentEnv];
  const error = await caught(dialParent(env, "main", env.buildId));
  keepsSecrets(it, error);
});

test("nor does a copy of the pool's options, its events, or its backend", async () => {
  await using it = watched({}, app());
  const events: unknown[] = [];
  for (const name of ["boot", "ready", "draining", "retired", "lost", "decision"] as const)
    it.pool.on(name, (event) => void events.push(event));
  await flame.call(it.pool, tellAll);
  await it.pool.drain();
  await until(() => events.length >= 3);
  keepsSecrets(it, events, inspect(it.pool.core, { depth: 10, showHidden: true }));
});
