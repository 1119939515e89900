import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { RegionNetwork } from "../../src/regions/network.ts";
import { RegionSocket } from "../../src/regions/region-socket.ts";
import { systemClock } from "../../src/world/clock.ts";

async function pair(t: TestContext): Promise<{ near: RegionSocket; inner: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const inner = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [far] = (await once(server, "connection")) as [Socket];
  const near = new RegionSocket(inner, new RegionNetwork(), systemClock, "ams", "nrt");
  t.after(() => {
    near.destroy();
    far.destroy();
  });
  return { near, inner, far };
}

test("what has arrived before the end of a connection can be read after it", async (t) => {
  const { near, inner, far } = await pair(t);
  near.end();
  far.resume();
  far.end(Buffer.alloc(10_000, "x"));
  await once(inner, "close");
  let bytes = 0;
  for await (const chunk of near) bytes += (chunk as Buffer).length;
  assert.equal(bytes, 10_000);
});

test("a reset at one side is an error at the other, and the end of either is the end of both", async (t) => {
  const { near, far } = await pair(t);
  far.resetAndDestroy();
  const [error] = await once(near, "error");
  assert.equal((error as NodeJS.ErrnoException).code, "ECONNRESET");
  const other = await pair(t);
  other.far.resume();
  other.near.destroy();
  await once(other.far, "end");
});

test("a writer waits when more is under way than a window", async (t) => {
  const { near, far } = await pair(t);
  const chunk = Buffer.alloc(1 << 20);
  while (near.write(chunk));
  far.resume();
  await once(near, "drain");
});

test("who sends to a reader that does not read has to wait", async (t) => {
  const { near, far } = await pair(t);
  const chunk = Buffer.alloc(1 << 20);
  let sent = 0;
  // What the system buffers is not without end: a reader that took everything would let this go on for ever.
  const more = (): void => {
    while (sent < 200 && far.write(chunk)) sent++;
    sent++;
  };
  far.on("drain", more);
  more();
  while (near.readableLength === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let n = 0; n < 200; n++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(near.readableLength < 1 << 20, `${near.readableLength} bytes are buffered`);
  assert.ok(sent < 100, `${sent} MiB were taken`);
});
