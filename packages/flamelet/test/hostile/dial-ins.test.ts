/** Whoever can reach the listener can dial in. Without the secret, that costs the parent next to nothing. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { queryObjects } from "node:v8";
import type { Network } from "../../src/backends/backend.ts";
import type { ParentEnv } from "../../src/child/parent-env.ts";
import { flame, type Pool } from "../../src/index.ts";
import { HandshakeReader } from "../../src/session/handshake-reader.ts";
import { SocketTransport } from "../../src/session/socket.ts";
import { conformanceApp } from "../../src/testing/backend-suite.ts";
import * as fns from "../../src/testing/conformance-functions.ts";
import { until } from "../../src/testing/until.ts";
import { listenedTo, watched } from "./harness.ts";
import {
  outsideTls,
  playing,
  replaying,
  slowLoris,
  type Stranger,
  withoutSecret,
  withWrongSecret,
} from "./strangers.ts";

/** How many dial in at once. */
const WAVE = 100;
/** Handshakes that the listener keeps at a time. */
const MOST_PENDING = 256;

const count = (type: Function): number => queryObjects(type, { format: "count" });
const openFiles = (): number => readdirSync("/proc/self/fd").length;

/** Calls the pool without a pause until it is stopped; gives how many calls went well. Any that does not, rejects. */
function busy(pool: Pool): () => Promise<number> {
  let going = true;
  let done = 0;
  const loop = async (): Promise<void> => {
    for (let n = 0; going; n++) {
      assert.equal(await flame.call(pool, fns.add, n, 1), n + 1);
      done += 1;
    }
  };
  const loops = Promise.all([loop(), loop()]);
  loops.catch(() => {});
  return async () => {
    going = false;
    await loops;
    return done;
  };
}

const tcp = { kind: "tcp", host: "127.0.0.1" } as const;
const networks: readonly [string, number, Network][] = [
  ["unix", 5_000, { kind: "unix" }],
  ["tcp", 5_000, tcp],
  ["tls", 1_000, { ...tcp, encrypted: false }],
];

for (const [kind, dialIns, network] of networks) {
  test(`${kind}: ${dialIns} strangers get nowhere, leave nothing behind, and do not disturb the runners`, async () => {
    // A handshake of a runner that has come and gone, to be said again.
    const line = listenedTo(flame.backend.process({ entry: conformanceApp, execArgv: [] }), network);
    await using it = watched({}, line.backend);
    await flame.call(it.pool, fns.add, 1, 1);
    const [runner] = it.told;
    const env = runner as ParentEnv;
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void (warning.name === "FlameletWarning" && warnings.push(warning));
    process.on("warning", warned);

    // Somebody else's old handshake is as good as this runner's: neither is for the nonce of today.
    const other = listenedTo(flame.backend.process({ entry: conformanceApp, execArgv: [] }), network);
    await using gone = watched({}, other.backend);
    await flame.call(gone.pool, fns.add, 1, 1);
    // Its watchdog's as well as its own: a runner may well have done its first work before its watchdog has dialled in.
    await until(() => line.proved() === 2 && other.proved() === 2);
    await gone.pool.close();
    await until(() => other.up.length >= 2);

    const strangers: readonly Stranger[] =
      kind === "tls"
        ? [
            ...[...withoutSecret, ...withWrongSecret].flatMap((each) => [each, outsideTls(each)]),
            ...other.up.map(playing),
          ]
        : [...withoutSecret, ...withWrongSecret, ...other.up.map(replaying)];
    const [files, transports] = [openFiles(), count(SocketTransport)];
    const stop = busy(it.pool);
    let dialed = 0;
    while (dialed < dialIns) {
      const wave = Array.from({ length: WAVE }, (_, i) => strangers[(dialed + i) % strangers.length] as Stranger);
      const answers = await Promise.all(wave.map((stranger) => stranger(env)));
      // A nonce and a proof that they cannot check is all that any of them ever sees.
      for (const bytes of answers) assert.ok(bytes === 0 || bytes === 64, `a stranger was sent ${bytes} bytes`);
      dialed += wave.length;
    }
    const calls = await stop();
    assert.ok(calls > 10, `${calls} calls went well meanwhile, with ${it.told.length} boots: ${it.pool.explain()}`);
    assert.equal(it.pool.stats().runners, 1);
    assert.equal(it.told.length, 1, "the runner was replaced");

    await until(() => openFiles() <= files);
    await until(() => count(HandshakeReader) === 0);
    await until(() => count(SocketTransport) <= transports);
    await new Promise(setImmediate);
    assert.deepEqual(warnings, []);
    process.off("warning", warned);
    line.close();
    other.close();
  });
}

test("hundreds of slow ones at a time hold no more than their share, and a new runner still gets in", async () => {
  await using it = watched({ max: 2, maxConcurrency: 1 });
  await flame.call(it.pool, fns.add, 1, 1);
  const env = it.told[0] as ParentEnv;
  const files = openFiles();
  let over = 0;
  const kept = Promise.withResolvers<number>();
  const slow = Array.from({ length: 400 }, async () => {
    await slowLoris(env);
    over += 1;
    if (over === 400 - MOST_PENDING) kept.resolve(count(HandshakeReader));
  });
  // Those that came first make room, and the rest are heard until their time is over.
  const most = await kept.promise;
  // A few have been given up and are on their way out.
  assert.ok(most > 0 && most <= MOST_PENDING + 44, `${most} handshakes were kept at a time`);

  const release = Promise.withResolvers<void>();
  const first = flame.call(it.pool, fns.wait, release.promise);
  assert.equal(await flame.call(it.pool, fns.add, 2, 3), 5);
  assert.equal(it.told.length, 2);
  release.resolve();
  await first;

  await Promise.all(slow);
  // The second runner's own two connections and pipes. To count objects stops this process, so it comes last.
  await until(() => openFiles() <= files + 8);
  await until(() => count(HandshakeReader) === 0);
  assert.equal(it.pool.stats().runners, 2, it.pool.explain());
});
