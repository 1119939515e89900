/** The other end of `echo.ts`: gives each frame back as it is, at once or after the time given as the second argument. */
import { dialParent } from "./dial-parent.ts";
import { FrameReader, FrameWriter } from "./frames.ts";

const delay = Number(process.argv[3]);
const packBelow = Number(process.argv[4]);
const socket = dialParent();
const writer = new FrameWriter(socket, packBelow);
const reader = new FrameReader((frame) => {
  if (delay === 0) writer.send(frame);
  else setTimeout(() => writer.send(frame), delay);
});
socket.on("data", (chunk: Buffer) => reader.push(chunk));
