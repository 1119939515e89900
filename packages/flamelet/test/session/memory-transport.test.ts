import assert from "node:assert/strict";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { test } from "node:test";
import { adopt } from "../../src/session/adopt.ts";
import { memoryTransportPair } from "../../src/session/memory-transport.ts";
import { ReadMemory } from "../../src/session/read-memory.ts";
import { SocketTransport } from "../../src/session/socket.ts";
import { connectEncrypted, newEncryption } from "../../src/session/tls.ts";
import type { Receiver, Transport } from "../../src/wire/transport.ts";

class Log implements Receiver {
  readonly events: string[] = [];
  readonly over: Promise<void>;
  #over!: () => void;
  constructor() {
    this.over = new Promise((resolve) => (this.#over = resolve));
  }
  data(bytes: Uint8Array): void {
    this.events.push(Buffer.from(bytes).toString());
  }
  drain(): void {
    this.events.push("drain");
  }
  closed(error?: Error): void {
    this.events.push(error === undefined ? "closed" : "failed");
    this.#over();
  }
  get text(): string {
    return this.events.join("");
  }
}

async function socketPair(): Promise<[Transport, Transport, Server]> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const accepted = new Promise<Transport>((resolve) =>
    server.once("connection", (socket) => resolve(new SocketTransport(socket))),
  );
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await new Promise((resolve) => client.once("connect", resolve));
  return [new SocketTransport(client), await accepted, server];
}

/** As parent and runner have them: both read into memory that they have. */
async function lendingPair(): Promise<[Transport, Transport, Server]> {
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const accepted = new Promise<Transport>((resolve) =>
    server.once("connection", (socket) => {
      const memory = new ReadMemory();
      const adopted = adopt(socket, memory);
      resolve(adopted === null ? new SocketTransport(socket) : new SocketTransport(adopted, memory));
    }),
  );
  const memory = new ReadMemory();
  const client = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", onread: memory });
  await new Promise((resolve) => client.once("connect", resolve));
  return [new SocketTransport(client, memory), await accepted, server];
}

async function tlsPair(): Promise<[Transport, Transport, Server]> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { wrap, certificate } = newEncryption();
  const accepted = new Promise<Transport>((resolve) =>
    server.once("connection", (socket) => resolve(new SocketTransport(wrap(socket)))),
  );
  const { port } = server.address() as AddressInfo;
  const { socket, ready } = connectEncrypted({ port, host: "127.0.0.1" }, certificate);
  await ready;
  return [new SocketTransport(socket), await accepted, server];
}

/** All kinds have to behave alike. */
const kinds = {
  memory: async (): Promise<[Transport, Transport, null]> => [...memoryTransportPair(), null],
  socket: socketPair,
  "socket with memory": lendingPair,
  tls: tlsPair,
};

for (const [kind, make] of Object.entries(kinds)) {
  test(`${kind}: what is written arrives in order, then the end, once`, async (t) => {
    const [a, b, server] = await make();
    t.after(() => server?.close());
    const [atA, atB] = [new Log(), new Log()];
    a.receiver = atA;
    b.receiver = atB;
    assert.equal(atB.events.length, 0);
    a.write([Buffer.from("one "), Buffer.from("two ")]);
    a.write([Buffer.from("three ")]);
    assert.equal(atB.events.length, 0, "arrived within the write");
    a.end();
    a.write([Buffer.from("too late")]);
    await Promise.all([atA.over, atB.over]);
    a.destroy();
    b.destroy();
    b.write([Buffer.from("too late")]);
    assert.equal(atB.text, "one two three closed");
    assert.equal(atA.text, "closed");
  });

  test(`${kind}: what arrives between two owners waits for the next, behind what is put back`, async (t) => {
    const [a, b, server] = await make();
    t.after(() => server?.close());
    a.receiver = new Log();
    a.write([Buffer.from("first second")]);
    const reader = new Log();
    await new Promise<void>((resolve) => {
      b.receiver = {
        data(bytes) {
          reader.data(bytes);
          b.receiver = null;
          b.unread(Buffer.from(bytes.subarray("first ".length)));
          resolve();
        },
        drain() {},
        closed() {},
      };
    });
    a.write([Buffer.from(" third")]);
    a.end();
    await new Promise((resolve) => setImmediate(resolve));
    const next = new Log();
    b.receiver = next;
    assert.deepEqual(next.events, [], "called while it was being set");
    await next.over;
    assert.equal(reader.text, "first second");
    assert.equal(next.text, "second thirdclosed");
  });

  test(`${kind}: a writer is told to wait while the other side does not read, and when that is over`, async (t) => {
    const [a, b, server] = await make();
    t.after(() => server?.close());
    const atA = new Log();
    a.receiver = atA;
    let written = 0;
    const chunk = Buffer.alloc(64 * 1024, "x");
    while (written < 64 * 1024 * 1024) {
      written += chunk.length;
      if (!a.write([chunk])) break;
    }
    assert.ok(written < 64 * 1024 * 1024, "never told to wait");
    await new Promise((resolve) => setImmediate(resolve));
    let read = 0;
    await new Promise<void>((resolve) => {
      b.receiver = { data: (bytes) => void ((read += bytes.length) === written && resolve()), drain() {}, closed() {} };
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(atA.events, ["drain"]);
    a.destroy();
  });

  test(`${kind}: destroy ends both sides`, async (t) => {
    const [a, b, server] = await make();
    t.after(() => server?.close());
    const [atA, atB] = [new Log(), new Log()];
    a.receiver = atA;
    b.receiver = atB;
    a.destroy();
    await Promise.all([atA.over, atB.over]);
    assert.equal(atA.text, "closed");
  });
}
