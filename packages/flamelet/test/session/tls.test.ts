/** What TLS is for: nobody reads or changes what crosses, and nobody but the parent is taken for it. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { AuthError } from "../../src/errors.ts";
import { SocketTransport } from "../../src/session/socket.ts";
import { connectEncrypted, type Encryption, newEncryption } from "../../src/session/tls.ts";

const host = "127.0.0.1";

/** A server that does this with each connection, until the test is over. Gives its port. */
async function serve(t: TestContext, each: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    each(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Somebody on the line between two: hears all, and may change it. Does not tell one side that the other is gone. */
function between(t: TestContext, port: number, onUp: (bytes: Buffer) => Buffer, onDown = (bytes: Buffer) => bytes) {
  return serve(t, (client) => {
    const parent = connect(port, host).on("error", () => {});
    client.on("data", (bytes: Buffer) => parent.write(onUp(bytes)));
    parent.on("data", (bytes: Buffer) => client.write(onDown(bytes)));
    t.after(() => parent.destroy());
  });
}

/** A parent that gives back what it is sent. Tells how each of its connections ended, and what arrived on all of them. */
async function echo(t: TestContext) {
  const encryption = newEncryption();
  const endings: (Error | undefined)[] = [];
  const heard: Buffer[] = [];
  let ended = (): void => {};
  const port = await serve(t, (socket) => {
    const transport = new SocketTransport(encryption.wrap(socket));
    transport.receiver = {
      data(bytes) {
        heard.push(Buffer.from(bytes));
        transport.write([bytes]);
      },
      drain() {},
      closed(error) {
        endings.push(error);
        ended();
      },
    };
  });
  const until = async (count: number): Promise<void> => {
    while (endings.length < count) await new Promise<void>((resolve) => (ended = resolve));
  };
  return { port, encryption, endings, heard, until };
}

/** A runner's end: collects what arrives until it is that many bytes, or the end. */
async function dialed(t: TestContext, port: number, { certificate }: Encryption) {
  const { socket, ready } = connectEncrypted({ port, host }, certificate);
  t.after(() => socket.destroy());
  await ready;
  const transport = new SocketTransport(socket);
  const pieces: Buffer[] = [];
  let more = (): void => {};
  const over = new Promise<Error | undefined>((resolve) => {
    transport.receiver = {
      data: (bytes) => (pieces.push(Buffer.from(bytes)), more()),
      drain() {},
      closed: (error) => resolve(error),
    };
  });
  const read = async (size: number): Promise<Buffer> => {
    while (pieces.reduce((sum, piece) => sum + piece.length, 0) < size)
      await new Promise<void>((resolve) => (more = resolve));
    return Buffer.concat(pieces.splice(0));
  };
  return { transport, read, over };
}

test("what crosses cannot be read, in either direction", async (t) => {
  const { port, encryption } = await echo(t);
  const heard: Buffer[] = [];
  const listen = (bytes: Buffer): Buffer => (heard.push(bytes), bytes);
  const { transport, read } = await dialed(t, await between(t, port, listen, listen), encryption);
  const secret = randomBytes(64);
  transport.write([secret]);
  assert.deepEqual(await read(64), secret);
  const all = Buffer.concat(heard);
  assert.ok(all.length > 128);
  assert.ok(!all.includes(secret.subarray(0, 8)), "it shows");
});

test("whoever has another certificate is not taken for the parent, and hears nothing", async (t) => {
  const impostor = await echo(t);
  const { ready } = connectEncrypted({ port: impostor.port, host }, newEncryption().certificate);
  await assert.rejects(
    ready,
    (error) => AuthError.is(error) && /did not prove to be the parent \(TLS\)/.test(error.message),
  );
  await impostor.until(1);
  assert.deepEqual(impostor.heard, []);
});

test("whoever speaks no TLS is not taken for the parent", async (t) => {
  const port = await serve(t, (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await assert.rejects(connectEncrypted({ port, host }, newEncryption().certificate).ready, AuthError);
});

test("a parent that is not there is an error of the network", async () => {
  const server = createServer().listen(0, host);
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(connectEncrypted({ port, host }, newEncryption().certificate).ready, { code: "ECONNREFUSED" });
});

test("a parent drops who speaks no TLS", async (t) => {
  const { port, until, heard } = await echo(t);
  const socket = connect(port, host, () => socket.write(Buffer.concat([Buffer.from("FLAM"), Buffer.alloc(100)])));
  socket.on("error", () => {}).resume();
  await until(1);
  assert.deepEqual(heard, []);
});

test("a parent drops who speaks an older version of TLS", async (t) => {
  const { port, encryption, until, heard } = await echo(t);
  const socket = connectTls({ port, host, maxVersion: "TLSv1.2", rejectUnauthorized: false });
  const refused = new Promise((resolve) => socket.once("error", resolve));
  assert.ok((await refused) instanceof Error);
  await until(1);
  assert.deepEqual(heard, []);
  assert.ok(encryption.certificate.length < 600, "it has to fit into an environment variable");
});

for (const damaged of ["up", "down"] as const) {
  test(`a byte that was changed on its way ${damaged} ends the connection on both sides, unread`, async (t) => {
    const { port, encryption, until, heard } = await echo(t);
    let damage = false;
    const change = (bytes: Buffer): Buffer => {
      if (!damage) return bytes;
      const changed = Buffer.from(bytes);
      changed[changed.length - 1]! ^= 1;
      return changed;
    };
    const same = (bytes: Buffer): Buffer => bytes;
    const line = await between(t, port, damaged === "up" ? change : same, damaged === "down" ? change : same);
    const { transport, read, over } = await dialed(t, line, encryption);
    transport.write([Buffer.from("one")]);
    assert.equal(String(await read(3)), "one");
    damage = true;
    transport.write([Buffer.from("two")]);
    await Promise.all([over, until(1)]);
    assert.equal(String(Buffer.concat(heard)), damaged === "up" ? "one" : "onetwo");
  });
}

test("what is written at once goes out in few records", async (t) => {
  const { port, encryption } = await echo(t);
  const up: Buffer[] = [];
  const line = await between(t, port, (bytes) => (up.push(bytes), bytes));
  const { transport, read } = await dialed(t, line, encryption);
  // What ends the TLS handshake looks like any other record.
  transport.write([Buffer.of(0)]);
  await read(1);
  const before = records(Buffer.concat(up)).length;
  // Two hundred small messages of one tick, as the outbox hands them over; and a batch of frames of long ones.
  transport.write([randomBytes(200 * 40)]);
  await read(200 * 40);
  assert.equal(records(Buffer.concat(up)).length - before, 1);
  const frames = Array.from({ length: 8 }, (_, n) => randomBytes(n % 2 === 0 ? 12 : 60_000));
  transport.write(frames);
  await read(frames.reduce((sum, frame) => sum + frame.length, 0));
  // A record holds 16 KiB: heads of frames do not get one of their own.
  assert.equal(records(Buffer.concat(up)).length - before - 1, Math.ceil((4 * 60_012) / 16_384));
});

/** The records of application data in what TLS sends: a type, two bytes of version, two of length. */
function records(bytes: Buffer): number[] {
  const lengths: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
    if (bytes[at] === 23) lengths.push(bytes.readUInt16BE(at + 3));
  return lengths;
}
