/** Whoever can reach the listener can dial in. Without the secret, that costs the parent next to nothing. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { queryObjects } from "node:v8";
import type { Backend, Network } from "../../src/backends/backend.ts";
import { decodeParentEnv, encodeParentEnv, type ParentEnv } from "../../src/child/parent-env.ts";
import { flame, type Pool } from "../../src/index.ts";
import { openServer } from "../../src/runner/listener-address.ts";
import { HandshakeReader } from "../../src/session/handshake-reader.ts";
import { SocketTransport } from "../../src/session/socket.ts";
import { conformanceApp } from "../../src/testing/backend-suite.ts";
import * as fns from "../../src/testing/conformance-functions.ts";
import { until } from "../../src/testing/until.ts";
import { watched } from "./harness.ts";
import { replaying, slowLoris, type Stranger, withoutSecret, withWrongSecret } from "./strangers.ts";

const DIAL_INS = 10_000;
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

/** A backend's runners, with somebody on the line. */
interface Line {
  readonly backend: Backend;
  /** On how many connections the runners have proved who they are. */
  readonly proved: () => number;
  readonly close: () => void;
}

/** The same backend on another network, with somebody on the line who writes down what runners say. */
function listenedTo(inner: Backend, network: Network, heard: Buffer[]): Line {
  const closers: (() => void)[] = [];
  const lines: Buffer[][] = [];
  const backend: Backend = {
    name: inner.name,
    network,
    async provision(spec, signal) {
      const env = decodeParentEnv(spec.env["FLAME_PARENT"] ?? "");
      const open = await openServer(network);
      open.server.on("connection", (socket) => {
        const bytes: Buffer[] = [];
        lines.push(bytes);
        socket.on("data", (chunk: Buffer) => void bytes.push(chunk));
        socket.on("close", () => bytes.length > 0 && heard.push(Buffer.concat(bytes)));
        const onward = connect(env.address);
        for (const end of [socket, onward]) end.on("error", () => {});
        socket.pipe(onward).pipe(socket);
      });
      closers.push(() => open.close());
      const rewritten = { FLAME_PARENT: encodeParentEnv({ ...env, address: open.address }) };
      return await inner.provision({ ...spec, env: rewritten }, signal);
    },
    destroy: (machine) => inner.destroy(machine),
    list: () => inner.list(),
  };
  // The proof comes after an answer to the hello, and so by itself.
  const proved = (): number => lines.filter((bytes) => bytes.length > 1).length;
  return { backend, proved, close: () => closers.forEach((close) => close()) };
}

for (const network of [{ kind: "unix" }, { kind: "tcp", host: "127.0.0.1" }] as const) {
  test(`${network.kind}: ${DIAL_INS / 2} strangers get nowhere, leave nothing behind, and do not disturb the runners`, async () => {
    // A handshake of a runner that has come and gone, to be said again.
    const heard: Buffer[] = [];
    const line = listenedTo(flame.backend.process({ entry: conformanceApp, execArgv: [] }), network, heard);
    await using it = watched({}, line.backend);
    await flame.call(it.pool, fns.add, 1, 1);
    const [runner] = it.told;
    const env = runner as ParentEnv;
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void (warning.name === "FlameletWarning" && warnings.push(warning));
    process.on("warning", warned);

    // Somebody else's old handshake is as good as this runner's: neither is for the nonce of today.
    const other = listenedTo(flame.backend.process({ entry: conformanceApp, execArgv: [] }), network, heard);
    await using gone = watched({}, other.backend);
    await flame.call(gone.pool, fns.add, 1, 1);
    // Its watchdog's as well as its own: a runner may well have done its first work before its watchdog has dialled in.
    await until(() => line.proved() === 2 && other.proved() === 2);
    await gone.pool.close();
    await until(() => heard.length >= 2);
    const replays = heard.map(replaying);

    const strangers: Stranger[] = [...withoutSecret, ...withWrongSecret, ...replays];
    const [files, transports] = [openFiles(), count(SocketTransport)];
    const stop = busy(it.pool);
    let dialed = 0;
    while (dialed < DIAL_INS / 2) {
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
  await until(() => count(HandshakeReader) === 0);
  // The second runner's own two connections and pipes.
  assert.ok(openFiles() <= files + 8, `${openFiles()} files are open, ${files} were`);
  assert.equal(it.pool.stats().runners, 2);
});
