import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { OptionError } from "../../src/errors.ts";
import { openServer } from "../../src/runner/listener-address.ts";
import { ToxicProxy } from "../../src/testing/toxic-proxy.ts";
import { type Toxic, Toxics } from "../../src/testing/toxics.ts";

/** One end of a connection, and what it saw. */
class End {
  readonly socket: Socket;
  bytes = 0;
  text = "";
  pieces: number[] = [];
  ended = false;
  closed = false;
  error: string | undefined;
  #changed = (): void => {};
  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.bytes += bytes.length;
      this.pieces.push(bytes.length);
      if (this.text.length < 1_000) this.text += bytes.toString("latin1");
      this.#changed();
    });
    socket.on("end", () => ((this.ended = true), this.#changed()));
    socket.on("error", (error: NodeJS.ErrnoException) => (this.error = error.code));
    socket.on("close", () => ((this.closed = true), this.#changed()));
  }
  async until(met: (end: End) => boolean): Promise<void> {
    while (!met(this)) await new Promise<void>((resolve) => (this.#changed = resolve));
  }
}

interface Pair extends AsyncDisposable {
  readonly proxy: ToxicProxy;
  readonly client: End;
  readonly server: End;
}

/** A client and a server with a proxy between them. */
async function pair(kind: "unix" | "tcp" = "tcp"): Promise<Pair> {
  const open = await openServer(kind === "unix" ? { kind } : { kind, host: "127.0.0.1" });
  const proxy = await ToxicProxy.open({ target: open.address });
  assert.equal("path" in proxy.address, kind === "unix");
  const arrived = once(open.server, "connection") as Promise<[Socket]>;
  open.server.on("connection", (socket) => socket.on("error", () => {}));
  const client = new End(connect(proxy.address));
  const server = new End((await arrived)[0]);
  const dispose = async (): Promise<void> => {
    await proxy.close();
    client.socket.destroy();
    server.socket.destroy();
    open.close();
  };
  return { proxy, client, server, [Symbol.asyncDispose]: dispose };
}

const turn = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const kind of ["unix", "tcp"] as const) {
  test(`${kind}: without toxics, bytes pass both ways, and each end's end by itself`, async () => {
    await using it = await pair(kind);
    it.client.socket.write("to the server");
    it.server.socket.write("to the client");
    await it.server.until((end) => end.text === "to the server");
    await it.client.until((end) => end.text === "to the client");
    assert.equal(it.proxy.connections, 1);
    it.server.socket.allowHalfOpen = true;
    it.client.socket.end(", and the end");
    await it.server.until((end) => end.ended);
    assert.equal(it.server.text, "to the server, and the end");
    it.server.socket.end("!");
    await it.client.until((end) => end.closed);
    assert.equal(it.client.text, "to the client!");
    assert.equal(it.client.error, undefined);
    await it.server.until((end) => end.closed);
    while (it.proxy.connections > 0) await turn();
  });

  test(`${kind}: many megabytes arrive as they were, through a slicer`, async () => {
    await using it = await pair(kind);
    it.proxy.toxics.add({ kind: "slicer", size: 50_000 });
    const sent = Buffer.alloc(8_000_000, "flame");
    const got: Buffer[] = [];
    it.server.socket.on("data", (bytes: Buffer) => got.push(bytes));
    it.client.socket.write(sent);
    await it.server.until((end) => end.bytes === sent.length);
    assert.ok(Buffer.concat(got).equals(sent));
  });

  test(`${kind}: a proxy that cannot pass bytes on does not take more and more of them`, async () => {
    await using it = await pair(kind);
    it.proxy.toxics.add({ kind: "black-hole" }, "up");
    let taken = 0;
    while (taken < 64_000_000 && it.client.socket.writableLength < 4_000_000) {
      it.client.socket.write(Buffer.alloc(1_000_000));
      taken += 1_000_000;
      await turn(1);
    }
    assert.ok(taken < 64_000_000);
    it.proxy.toxics.clear();
    await it.server.until((end) => end.bytes === taken);
  });
}

test("latency holds bytes and the end back, with jitter, and in order", async () => {
  await using it = await pair();
  it.proxy.toxics.add({ kind: "latency", ms: 60, jitter: 40 }, "up");
  it.proxy.toxics.add({ kind: "latency", ms: 40 }, "up");
  const start = performance.now();
  for (let i = 0; i < 50; i++) {
    it.client.socket.write(`${i},`);
    await turn();
  }
  it.client.socket.end();
  it.server.socket.write("down is not slowed");
  await it.client.until((end) => end.bytes > 0);
  await it.server.until((end) => end.ended);
  assert.equal(it.server.text, Array.from({ length: 50 }, (_, i) => `${i},`).join(""));
  // 60 less its jitter, and the other 40.
  assert.ok(performance.now() - start >= 59);
});

test("bandwidth limits how much passes in a time", async () => {
  await using it = await pair();
  it.proxy.toxics.add({ kind: "bandwidth", bytesPerSecond: 200_000 }, "down");
  const start = performance.now();
  it.server.socket.end(Buffer.alloc(60_000));
  await it.client.until((end) => end.ended);
  assert.equal(it.client.bytes, 60_000);
  // The last piece is not waited for: it went out when those before it had had their time.
  assert.ok(performance.now() - start >= 270);
});

test("the slicer makes small pieces", async () => {
  await using it = await pair();
  const slicer = it.proxy.toxics.add({ kind: "slicer", size: 7, pause: 1 }, "up");
  it.client.socket.write(Buffer.alloc(100));
  await it.server.until((end) => end.bytes === 100);
  assert.ok(it.server.pieces.length > 3, `${it.server.pieces.length} pieces`);
  slicer.remove();
  it.server.pieces = [];
  it.client.socket.write(Buffer.alloc(100));
  await it.server.until((end) => end.bytes === 200);
  assert.ok(it.server.pieces.length <= 2);
});

for (const direction of ["up", "down", "both"] as const) {
  test(`a black hole (${direction}) lets nothing through, and everything when it is gone`, async () => {
    await using it = await pair();
    const hole = it.proxy.toxics.add({ kind: "black-hole" }, direction);
    it.client.socket.write("up");
    it.server.socket.write("down");
    if (direction === "up") await it.client.until((end) => end.text === "down");
    if (direction === "down") await it.server.until((end) => end.text === "up");
    it.client.socket.end();
    await turn(50);
    if (direction !== "down") assert.deepEqual([it.server.bytes, it.server.ended], [0, false]);
    if (direction !== "up") assert.equal(it.client.bytes, 0);
    hole.remove();
    hole.remove();
    await it.server.until((end) => end.ended);
    await it.client.until((end) => end.bytes === 4);
    assert.equal(it.server.text, "up");
  });
}

test("not even a reset comes out of a black hole", async () => {
  await using it = await pair();
  const hole = it.proxy.toxics.add({ kind: "black-hole" });
  it.client.socket.resetAndDestroy();
  await turn(50);
  assert.equal(it.server.closed, false);
  hole.remove();
  await it.server.until((end) => end.closed);
  assert.equal(it.server.error, "ECONNRESET");
});

test("a reset is seen as one at both ends, by connections that exist and by new ones, and no more when it is gone", async (t) => {
  await using it = await pair();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const toxic = it.proxy.toxics.add({ kind: "reset-peer", after: 20 });
  it.client.socket.write("first words");
  await it.server.until((end) => end.text === "first words");
  t.mock.timers.tick(19);
  await new Promise(setImmediate);
  assert.deepEqual([it.client.closed, it.server.closed], [false, false]);
  t.mock.timers.tick(1);
  t.mock.timers.reset();
  await it.server.until((end) => end.closed);
  await it.client.until((end) => end.closed);
  assert.deepEqual([it.client.error, it.server.error], ["ECONNRESET", "ECONNRESET"]);
  const second = new End(connect(it.proxy.address));
  await second.until((end) => end.closed);
  assert.equal(second.error, "ECONNRESET");
  toxic.remove();
  const third = new End(connect(it.proxy.address));
  await turn(50);
  assert.equal(third.closed, false);
  third.socket.destroy();
});

test("slow-close passes bytes at once and the end later", async () => {
  await using it = await pair();
  it.proxy.toxics.add({ kind: "slow-close", ms: 80 }, "up");
  it.client.socket.end("bye");
  const start = performance.now();
  await it.server.until((end) => end.text === "bye");
  assert.equal(it.server.ended, false);
  await it.server.until((end) => end.ended);
  assert.ok(performance.now() - start >= 70);
});

test("limit-data closes the connection after exactly so many bytes, of each connection", async () => {
  await using it = await pair();
  it.client.socket.write("before");
  await it.server.until((end) => end.text === "before");
  it.proxy.toxics.add({ kind: "limit-data", bytes: 10 }, "up");
  it.client.socket.write("0123");
  it.client.socket.write("456789 and more");
  await it.server.until((end) => end.closed);
  await it.client.until((end) => end.closed);
  assert.equal(it.server.text, "before0123456789");
});

test("closing the proxy closes its connections and leaves nothing", async () => {
  const it = await pair("unix");
  it.proxy.toxics.add({ kind: "black-hole" });
  await it.proxy.close();
  await it.client.until((end) => end.closed);
  await it.server.until((end) => end.closed);
  assert.equal(it.proxy.connections, 0);
  const refused = new End(connect(it.proxy.address));
  await refused.until((end) => end.closed);
  assert.match(refused.error ?? "", /ENOENT|ECONNREFUSED/);
  await it[Symbol.asyncDispose]();
});

test("a target that is not there closes the connection", async () => {
  const server: Server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  await using proxy = await ToxicProxy.open({ target: { host: "127.0.0.1", port } });
  const client = new End(connect(proxy.address));
  await client.until((end) => end.closed);
});

test("toxics that cannot be are refused", () => {
  const toxics = new Toxics();
  const wrong: [unknown, RegExp][] = [
    [{ kind: "late" }, /no toxic "late"/],
    [{ kind: "latency", ms: -1 }, /"ms" of the toxic "latency" must be a number >= 0, got -1/],
    [{ kind: "latency", ms: 1, jiter: 1 }, /has no "jiter"/],
    [{ kind: "latency" }, /"ms"/],
    [{ kind: "bandwidth", bytesPerSecond: 0 }, /bytesPerSecond/],
    [{ kind: "slicer", size: NaN }, /size/],
  ];
  for (const [toxic, message] of wrong)
    assert.throws(
      () => toxics.add(toxic as Toxic),
      (error) => OptionError.is(error) && message.test(error.message),
    );
});
