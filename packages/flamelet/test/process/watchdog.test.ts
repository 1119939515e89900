import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { Lease } from "../../src/child/lease.ts";
import { encodeParentEnv } from "../../src/child/parent-env.ts";
import { Listener, type Seat } from "../../src/runner/listener.ts";
import type { WatchdogLink } from "../../src/runner/watchdog-link.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { fixture, gone, lives, parentEnv, preload, Started, startRunner } from "./harness.ts";

const LEASE = 1_500;

/** A parent in this process that waits for one runner's watchdog. */
async function seated(lease: number) {
  const env = parentEnv({ lease });
  const connected = Promise.withResolvers<WatchdogLink>();
  const listener = new Listener({ kind: "unix" });
  const seat: Seat = await listener.seat(env, {
    main() {},
    watchdog: (link) => connected.resolve(link),
    refused: (error) => connected.reject(error),
  });
  return { seat, env: { ...env, address: seat.address }, connected: connected.promise };
}

/** Something between a runner and its parent, as a router with a table of connections is. */
class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #ends = new Set<Socket>();

  static async to(address: Seat["address"]): Promise<Relay> {
    const relay = new Relay(createServer((near) => relay.#join(near, connect(address as NetConnectOpts))));
    await once(relay.#server.listen(0, "127.0.0.1"), "listening");
    return relay;
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  get address(): Seat["address"] {
    return { host: "127.0.0.1", port: (this.#server.address() as AddressInfo).port };
  }

  #join(near: Socket, far: Socket): void {
    for (const end of [near, far]) {
      this.#ends.add(end);
      end.on("error", () => {});
    }
    near.pipe(far).pipe(near);
  }

  /** Forgets the connections that there are, and tells nobody: their ends stay open, and nothing passes any more. */
  cutOff(): void {
    for (const end of this.#ends) end.unpipe().pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

test("a runner that never reaches its parent ends with its lease, and says why", async () => {
  const env = parentEnv({ lease: LEASE });
  using runner = startRunner(env, "idle.ts");
  assert.deepEqual(await runner.exit, { code: null, signal: "SIGKILL" });
  assert.equal(
    runner.stderr,
    `flamelet: runner ${env.runnerId} ends, since nothing was heard from its parent for ${LEASE} ms; ` +
      "connecting failed: connect ENOENT /nonexistent/parent.sock\n",
  );
});

test("so does one at whose parent's address somebody else answers", async () => {
  const tls = { kind: "tcp", host: "127.0.0.1", encrypted: false } as const;
  const env = parentEnv({ lease: LEASE });
  const on = { main() {}, watchdog() {}, refused() {} };
  const parent = await new Listener(tls).seat(env, on);
  const impostor = await new Listener(tls).seat(env, on);
  using runner = startRunner({ ...env, address: impostor.address, certificate: parent.certificate }, "idle.ts");
  assert.equal((await runner.exit).signal, "SIGKILL");
  assert.match(runner.stderr, /; connecting failed: who answered did not prove to be the parent \(TLS\): /);
  parent[Symbol.dispose]();
  impostor[Symbol.dispose]();
});

test("so does one whose main thread is blocked from its first line on", async () => {
  using runner = startRunner(parentEnv({ lease: LEASE }), "block-at-once.cjs");
  assert.equal((await runner.exit).signal, "SIGKILL");
});

test("a blocked runner lives while its parent does, is told to be blocked, and ends with all that it started", async () => {
  const { seat, env, connected } = await seated(LEASE);
  using runner = startRunner(env, "blocked.ts");
  const link = await connected;
  const blocked = new Promise<void>((resolve, reject) => {
    link.listener = { responsive: (yes) => !yes && resolve(), silent: () => reject(new Error("silent")) };
  });
  const [, pid] = await runner.says(/grandchild (\d+)/);
  await blocked;
  // Far beyond its lease by now, were it not renewed.
  assert.equal(runner.child.exitCode ?? runner.child.signalCode, null);
  assert.ok(lives(Number(pid)));
  seat[Symbol.dispose]();
  assert.equal((await runner.exit).signal, "SIGKILL");
  await gone(Number(pid));
});

test("a connection that is cut off without a word is made again before the lease is over", async () => {
  const lease = 3 * LEASE;
  const { seat, env, connected } = await seated(lease);
  await using relay = await Relay.to(seat.address);
  using runner = startRunner({ ...env, address: relay.address }, "blocked.ts");
  const link = await connected;
  const ended = runner.exit.then(() => assert.fail(`the runner ended: ${runner.stderr}`));
  ended.catch(() => {});
  const heardSince = async (when: number): Promise<void> => {
    while (link.lastHeard <= when) await Promise.race([ended, new Promise((wake) => setTimeout(wake, 50))]);
  };
  await heardSince(link.lastHeard);
  relay.cutOff();
  await heardSince(link.lastHeard + lease);
  seat[Symbol.dispose]();
});

test("without a group of its own, a runner ends alone", async () => {
  const env = parentEnv({ lease: LEASE, ownsGroup: false });
  using runner = startRunner(env, "blocked.ts");
  const [, pid] = await runner.says(/grandchild (\d+)/);
  assert.equal((await runner.exit).signal, "SIGKILL");
  assert.ok(lives(Number(pid)));
});

for (const entry of ["idle.ts", "blocked.ts", "flood.ts"]) {
  test(`a parent that is stopped loses its runner (${entry}) within the lease`, async () => {
    using parent = new Started([fixture("parent.ts"), entry, String(LEASE)]);
    const [, pid] = await parent.says(/pid (\d+)/);
    await parent.says(/connected/);
    process.kill(parent.child.pid!, "SIGSTOP");
    await gone(Number(pid));
    process.kill(parent.child.pid!, "SIGCONT");
    assert.deepEqual(await parent.exit, { code: 0, signal: null });
  });
}

test("a runner that does not lead its group, though it was said to, ends nevertheless", async () => {
  const env = { FLAME_PARENT: encodeParentEnv(parentEnv({ lease: LEASE })) };
  const runner = [process.execPath, "--import", preload, fixture("block-at-once.cjs")];
  using shell = new Started(["-c", '"$0" "$@"; echo "ended with $?"', ...runner], env, "/bin/sh");
  await shell.says(/ended with 137/);
});

test("last words that nobody reads do not hold up the end", async () => {
  // A pipe between two programs blocks its writer when it is full. The third output tells when the runner has ended.
  const script = 'exec 3>&1; { "$0" "$@" 2>&1; echo ended >&3; } | sleep 600';
  const env = { FLAME_PARENT: encodeParentEnv(parentEnv({ lease: LEASE, ownsGroup: false })) };
  const runner = [process.execPath, "--import", preload, fixture("flood.ts")];
  using shell = new Started(["-c", script, ...runner], env, "/bin/sh");
  await shell.says(/ended/);
});

test("a parent that is killed loses its runner within the lease", async () => {
  using parent = new Started([fixture("parent.ts"), "blocked.ts", String(LEASE)]);
  const [, pid] = await parent.says(/pid (\d+)/);
  await parent.says(/connected/);
  process.kill(parent.child.pid!, "SIGKILL");
  await gone(Number(pid));
});

test("the watchdog thread loads nothing of the app, and holds no process that is done", async () => {
  const { seat, env, connected } = await seated(15_000);
  // Both ways to have Node preload a module.
  const module = `--import=${fixture("count-threads.ts")}`;
  using runner = startRunner(env, "preloaded.ts", [module], { NODE_OPTIONS: module });
  await connected;
  runner.child.stdin?.end();
  assert.deepEqual(await runner.exit, { code: 0, signal: null });
  assert.equal(runner.stdout, "loaded in thread 0\ndone\n");
  seat[Symbol.dispose]();
});

test("a lease counts from its start, and from each renewal", async () => {
  const clock = new FakeClock();
  let lapsed = 0;
  const lease = new Lease(clock, 1_000, () => (lapsed += 1));
  await clock.advance(999);
  lease.renew();
  await clock.advance(999);
  await new Promise(setImmediate);
  assert.equal(lapsed, 0);
  await clock.advance(1);
  await new Promise(setImmediate);
  assert.equal(lapsed, 1);
  await clock.advance(10_000);
  await new Promise(setImmediate);
  assert.equal(lapsed, 1);
});

test("a lease whose timer came late is renewed by what had arrived meanwhile", async () => {
  let fire = (): void => {};
  let lapsed = 0;
  const clock = { now: () => 0, setTimer: (_ms: number, fn: () => void) => ((fire = fn), { cancel() {} }) };
  const lease = new Lease(clock, 1_000, () => (lapsed += 1));
  const late = fire;
  // The order in which the event loop of a process that slept does things: its timers, then what it can read.
  setTimeout(() => {
    late();
    lease.renew();
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise(setImmediate);
  assert.equal(lapsed, 0);
  fire();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  assert.equal(lapsed, 1);
});
