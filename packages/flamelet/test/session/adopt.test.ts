import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { adopt } from "../../src/session/adopt.ts";
import { ReadMemory } from "../../src/session/read-memory.ts";

/** Bun's sockets have no handle that could be adopted. */
const skip = "bun" in process.versions;

interface Pair {
  readonly client: Socket;
  readonly adopted: Socket;
  /** What the server gave. */
  readonly accepted: Socket;
  readonly memory: ReadMemory;
  /** How many connections the server counts. */
  connections(): Promise<number>;
}

async function adoptedPair(t: TestContext, kind: "tcp" | "unix" = "tcp", early = Buffer.alloc(0)): Promise<Pair> {
  const server = createServer({ pauseOnConnect: true });
  const directory = mkdtempSync(join(tmpdir(), "adopt-"));
  const path = join(directory, "s");
  server.listen(kind === "unix" ? { path } : { port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const client = connect(
    kind === "unix" ? { path } : { port: (server.address() as AddressInfo).port, host: "127.0.0.1" },
  );
  client.write(early);
  const memory = new ReadMemory();
  const { promise, resolve } = Promise.withResolvers<[Socket, Socket]>();
  server.once("connection", (socket) => resolve([socket, adopt(socket, memory) as Socket]));
  const [accepted, adopted] = await promise;
  t.after(() => {
    client.destroy();
    adopted.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });
  const connections = (): Promise<number> =>
    new Promise((done, failed) => server.getConnections((error, n) => (error === null ? done(n) : failed(error))));
  return { client, adopted, accepted, memory, connections };
}

for (const kind of ["tcp", "unix"] as const) {
  test(
    `${kind}: all bytes arrive, those that were sent early too, and both directions end in order`,
    { skip },
    async (t) => {
      const early = randomBytes(100);
      const { client, adopted, memory } = await adoptedPair(t, kind, early);
      const bytes = randomBytes(5_000_000);
      const hash = createHash("sha256");
      const largest = { read: 0 };
      memory.receive = (read) => {
        hash.update(read);
        largest.read = Math.max(largest.read, read.length);
      };
      adopted.resume();
      client.end(bytes);
      const answer: Buffer[] = [];
      client.on("data", (read: Buffer) => answer.push(read));
      adopted.write("the other way");
      await Promise.all([once(adopted, "close"), once(client, "close")]);
      assert.equal(hash.digest("hex"), createHash("sha256").update(early).update(bytes).digest("hex"));
      assert.equal(Buffer.concat(answer).toString(), "the other way");
      assert.ok(largest.read > 8 * 1024, "the memory never grew");
    },
  );
}

test("the memory is as small at first as what little is read, and used again", { skip }, async (t) => {
  const { client, adopted, memory } = await adoptedPair(t);
  const buffers = new Set<ArrayBufferLike>();
  for (const text of ["one", "two"]) {
    const read = new Promise<string>((resolve) => {
      memory.receive = (bytes) => {
        buffers.add(bytes.buffer);
        resolve(bytes.toString());
      };
    });
    adopted.resume();
    client.write(text);
    assert.equal(await read, text);
  }
  assert.deepEqual(
    [...buffers].map((each) => each.byteLength),
    [4.25 * 1024],
  );
});

test("nothing is read while it is paused", { skip }, async (t) => {
  const { client, adopted, memory } = await adoptedPair(t, "tcp", Buffer.from("early"));
  let read = "";
  memory.receive = (bytes) => {
    read += bytes.toString();
    adopted.pause();
  };
  adopted.resume();
  while (read === "") await new Promise(setImmediate);
  client.write("late");
  adopted.write("ping");
  await once(client, "data");
  assert.equal(read, "early");
  adopted.resume();
  while (read === "early") await new Promise(setImmediate);
  assert.equal(read, "earlylate");
});

test("a connection that is reset is told as an error", { skip }, async (t) => {
  const { client, adopted } = await adoptedPair(t);
  adopted.resume();
  client.resetAndDestroy();
  const [error] = (await once(adopted, "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNRESET");
});

test("the socket of the server is over, which takes nothing from the other one", { skip }, async (t) => {
  const { client, adopted, accepted, memory, connections } = await adoptedPair(t);
  assert.equal(accepted.destroyed, true);
  assert.equal(await connections(), 0);
  accepted.destroy();
  const read = new Promise<string>((resolve) => (memory.receive = (bytes) => resolve(bytes.toString())));
  adopted.resume();
  client.write("still there");
  assert.equal(await read, "still there");
  assert.equal(adopted.remotePort, client.localPort);
  const closed = once(client, "close");
  adopted.destroy();
  client.resume();
  await closed;
});

test("what has no handle, or another one, is left as it is", () => {
  const unlike = { _handle: {}, destroy: () => assert.fail("it was destroyed") };
  assert.equal(adopt(unlike as unknown as Socket, new ReadMemory()), null);
  assert.equal(adopt({ ...unlike, _handle: null } as unknown as Socket, new ReadMemory()), null);
});
