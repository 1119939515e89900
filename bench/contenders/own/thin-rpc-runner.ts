/** The other end of `thin-rpc.ts`: a table of functions. */
import { Packr } from "msgpackr";
import * as functions from "../functions.ts";
import { dialParent } from "./dial-parent.ts";
import { FrameReader, FrameWriter } from "./frames.ts";

const table: Record<string, (value: never) => unknown> = { ...functions };
const packr = new Packr({ useRecords: false });
const socket = dialParent();
const writer = new FrameWriter(socket);
const reader = new FrameReader(async (frame) => {
  const [id, name, value] = packr.unpack(frame) as [number, string, never];
  writer.send(packr.pack([id, await table[name]?.(value)]));
});
socket.on("data", (chunk: Buffer) => reader.push(chunk));
