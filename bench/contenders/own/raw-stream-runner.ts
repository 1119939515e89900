/** The other end of `raw-stream.ts`. An order is a byte (0: read, 1: write), the number of bytes, and the size of chunks. */
import { connect } from "node:net";
import { FrameReader } from "./frames.ts";
import { pump } from "./pump.ts";

const address = process.argv[2] ?? "";
let expected = 0;
const reader = new FrameReader((frame) => {
  if (expected === 0) return obey(frame);
  expected -= frame.length;
  if (expected <= 0) {
    expected = 0;
    socket.write(Buffer.of(0, 0, 0, 1, 1));
  }
});
// One buffer for all that is read.
const buffer = Buffer.alloc(256 * 1024);
const onread = {
  buffer,
  callback: (length: number): boolean => {
    reader.push(buffer.subarray(0, length));
    return true;
  },
};
const to = /^\d+$/.test(address) ? { port: Number(address), host: "127.0.0.1" } : { path: address };
const socket = connect({ ...to, onread });
socket.on("close", () => process.exit(0));

function obey(order: Buffer): void {
  const bytes = order.readDoubleBE(1);
  const size = order.readUInt32BE(9);
  if (order.readUInt8(0) === 0) expected = bytes;
  else void pump(socket, bytes, size);
}
