import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { dirname } from "node:path";
import { test } from "node:test";
import type { Network } from "../../src/backends/backend.ts";
import { dialParent } from "../../src/child/dial.ts";
import type { ParentEnv } from "../../src/child/parent-env.ts";
import { BuildMismatchError, ProtocolError } from "../../src/errors.ts";
import { connectEncrypted } from "../../src/session/tls.ts";
import { Listener, listenerFor, type Seat, type SeatListener } from "../../src/runner/listener.ts";
import type { Transport } from "../../src/wire/transport.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { fixture, parentEnv, Started } from "./harness.ts";

const unix = { kind: "unix" } as const;
const tcp = { kind: "tcp", host: "127.0.0.1" } as const;
const tls = { ...tcp, encrypted: false } as const;

/** Notes what happens at a seat, and lets a test wait for it. */
class Events implements SeatListener {
  readonly mains: Transport[] = [];
  readonly refusals: Error[] = [];
  watchdogs = 0;
  #changed = (): void => {};
  main(transport: Transport): void {
    this.mains.push(transport);
    transport.receiver = { data() {}, drain() {}, closed() {} };
    this.#changed();
  }
  watchdog(): void {
    this.watchdogs += 1;
    this.#changed();
  }
  refused(error: Error): void {
    this.refusals.push(error);
    this.#changed();
  }
  async until(met: () => boolean): Promise<void> {
    while (!met()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }
}

async function taken(network: Network, listener = new Listener(network)) {
  const env = parentEnv();
  const events = new Events();
  const seat = await listener.seat(env, events);
  return { listener, events, seat, env: { ...env, address: seat.address, certificate: seat.certificate } as ParentEnv };
}

function closed(socket: Socket): Promise<void> {
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("close", () => resolve()).resume());
}

for (const [kind, network] of Object.entries({ unix, tcp, tls })) {
  test(`${kind}: a runner dials in with a session and a watchdog link, and nothing is left afterwards`, async () => {
    const { events, seat, env } = await taken(network);
    const main = await dialParent(env, "main", env.buildId);
    const watchdog = await dialParent(env, "watchdog", env.buildId);
    await events.until(() => events.mains.length === 1 && events.watchdogs === 1);
    const over = new Promise<void>((resolve) => {
      watchdog.receiver = { data() {}, drain() {}, closed: () => resolve() };
    });
    seat[Symbol.dispose]();
    seat[Symbol.dispose]();
    await over;
    const again = connect(env.address);
    const refused = new Promise<NodeJS.ErrnoException>((resolve) => again.once("error", resolve));
    assert.match((await refused).code ?? "", /ENOENT|ECONNREFUSED/);
    assert.deepEqual(events.refusals, []);
    main.destroy();
  });
}

test("the socket file is in a directory that only its owner may enter, and goes with the last seat", async () => {
  const { listener, seat, env } = await taken(unix);
  const second = await listener.seat(parentEnv(), new Events());
  assert.deepEqual(second.address, seat.address);
  const directory = dirname((env.address as { path: string }).path);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  seat[Symbol.dispose]();
  assert.ok(existsSync(directory));
  second[Symbol.dispose]();
  await new Promise(setImmediate);
  assert.ok(!existsSync(directory));
  const third = await listener.seat(parentEnv(), new Events());
  assert.notDeepEqual(third.address, seat.address);
  third[Symbol.dispose]();
});

test("there is one listener per network, and what it advertises is what runners dial", async () => {
  assert.equal(listenerFor(unix), listenerFor({ kind: "unix" }));
  assert.notEqual(listenerFor(unix), listenerFor(tcp));
  const seat = await new Listener({ ...tcp, advertise: "parent.internal" }).seat(parentEnv(), new Events());
  assert.equal((seat.address as { host: string }).host, "parent.internal");
  seat[Symbol.dispose]();
});

test("an address that cannot be listened on is told, and the next seat tries again", async () => {
  const listener = new Listener({ kind: "tcp", host: "192.0.2.1" });
  for (let attempt = 0; attempt < 2; attempt++)
    await assert.rejects(listener.seat(parentEnv(), new Events()), { code: "EADDRNOTAVAIL" });
});

test("a second session of the same boot is refused while the first one lives", async () => {
  const { events, seat, env } = await taken(unix);
  const first = await dialParent(env, "main", env.buildId);
  await assert.rejects(dialParent(env, "main", env.buildId), ProtocolError);
  assert.equal(events.mains.length, 1);
  const over = new Promise<void>((resolve) => {
    events.mains[0]!.receiver = { data() {}, drain() {}, closed: () => resolve() };
  });
  first.destroy();
  await over;
  (await dialParent(env, "main", env.buildId)).destroy();
  seat[Symbol.dispose]();
});

test("a watchdog that dials again goes on with the same link", async () => {
  const { events, seat, env } = await taken(unix);
  const first = await dialParent(env, "watchdog", env.buildId);
  const over = new Promise<void>((resolve) => {
    first.receiver = { data() {}, drain() {}, closed: () => resolve() };
  });
  const second = await dialParent(env, "watchdog", env.buildId);
  const beat = new Promise<void>((resolve) => {
    second.receiver = { data: () => resolve(), drain() {}, closed() {} };
  });
  await Promise.all([over, beat]);
  assert.equal(events.watchdogs, 1);
  seat[Symbol.dispose]();
});

test("a runner of another build or boot is refused, and its seat is told why", async () => {
  const { events, seat, env } = await taken(unix);
  await assert.rejects(dialParent(env, "main", "other@1"), BuildMismatchError);
  await assert.rejects(dialParent({ ...env, epoch: 0 }, "main", env.buildId), ProtocolError);
  await events.until(() => events.refusals.length === 2);
  assert.ok(BuildMismatchError.is(events.refusals[0]) && ProtocolError.is(events.refusals[1]));
  seat[Symbol.dispose]();
});

for (const [kind, network] of Object.entries({ unix, tls })) {
  test(`${kind}: hundreds of strangers who dial in hold no more than their share, and keep no runner out`, async () => {
    // On a clock that stands still, so that nobody is sent away for being slow.
    const { events, seat, env } = await taken(network, new Listener(network, new FakeClock()));
    const strangers = Array.from({ length: 600 }, () => connect(env.address as NetConnectOpts));
    let ended = 0;
    for (const stranger of strangers) void closed(stranger).then(() => (ended += 1));
    // The kernel itself turns some away, when more than its backlog come at once.
    await Promise.all(strangers.map((socket) => new Promise((met) => socket.once("connect", met).once("close", met))));
    const main = await dialParent(env, "main", env.buildId);
    await events.until(() => events.mains.length === 1);
    while (ended < 600 - 256) await new Promise(setImmediate);
    const silent = strangers.filter((socket) => !socket.destroyed).length;
    assert.ok(silent <= 256, `${silent} connections without a proof are held`);
    assert.deepEqual(events.refusals, []);
    seat[Symbol.dispose]();
    main.destroy();
    await Promise.all(strangers.map((socket) => socket.destroyed || closed(socket)));
  });
}

test("what is encrypted, and what is not", async () => {
  const encrypted = async (network: Network): Promise<boolean> => {
    const { seat } = await taken(network);
    seat[Symbol.dispose]();
    return seat.certificate !== undefined;
  };
  assert.equal(await encrypted(unix), false);
  for (const host of ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
    assert.equal(await encrypted({ kind: "tcp", host }), false, host);
  // Both are reached by others, or may be.
  assert.equal(await encrypted({ ...tcp, host: "0.0.0.0" }), true);
  assert.equal(await encrypted({ ...tcp, advertise: "parent.internal" }), true);
  assert.equal(await encrypted({ ...tcp, encrypted: false }), true);
  assert.equal(await encrypted({ ...tcp, advertise: "parent.internal", encrypted: true }), false);
});

for (const [kind, network] of Object.entries({ unix, tcp, tls }))
  test(`${kind}: ${kind === "tls" ? "TLS is loaded" : "TLS is not loaded, which takes a start several milliseconds"}`, async () => {
    using started = new Started([fixture("loads-tls.ts"), JSON.stringify(network)]);
    await started.says(/loaded (true|false)/);
    assert.match(started.stdout, kind === "tls" ? /loaded true/ : /loaded false/);
    assert.deepEqual(await started.exit, { code: 0, signal: null });
  });

test("each listener has a key of its own", async () => {
  const [one, other] = [await taken(tls), await taken(tls)];
  assert.notEqual(one.env.certificate, other.env.certificate);
  const second = await one.listener.seat(parentEnv(), new Events());
  assert.equal(second.certificate, one.env.certificate);
  for (const { seat } of [one, other]) seat[Symbol.dispose]();
  second[Symbol.dispose]();
});

type Begin = (seat: Seat) => Promise<Socket>;

const silent: Begin = async ({ address }) => {
  const socket = connect(address as NetConnectOpts);
  await once(socket, "connect");
  return socket;
};

/** How far strangers come who then say nothing any more. */
const beginnings: readonly [string, Network, Begin][] = [
  ["unix: a connection that says nothing", unix, silent],
  ["tls: a connection that says nothing", tls, silent],
  [
    "tls: a connection that begins its TLS handshake, and says no more,",
    tls,
    async (seat) => {
      const socket = await silent(seat);
      // The head of a record of 512 bytes, and the beginning of the hello in it.
      socket.write(Buffer.of(22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3));
      return socket;
    },
  ],
  [
    "tls: a connection that has done its TLS handshake, and says no more,",
    tls,
    async ({ address, certificate = "" }) => {
      const { socket, ready } = connectEncrypted(address as NetConnectOpts, certificate);
      await ready;
      return socket;
    },
  ],
];

for (const [who, network, begin] of beginnings)
  test(`${who} is closed after 5 s`, async () => {
    const clock = new FakeClock();
    const listener = new Listener(network, clock);
    const seat = await listener.seat(parentEnv(), new Events());
    const socket = await begin(seat);
    const over = closed(socket);
    while (clock.pending === 0) await new Promise(setImmediate);
    await clock.advance(4_999);
    assert.equal(clock.pending, 1);
    await clock.advance(1);
    await over;
    assert.equal(clock.pending, 0);
    seat[Symbol.dispose]();
  });
