/** Serves `functions.ts` over a WebSocket, as a process of its own. */
import { createBirpc } from "birpc";
import { pack, unpack } from "msgpackr";
import { WebSocket } from "ws";
import * as functions from "../functions.ts";

const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}`);
socket.on("close", () => process.exit(0));
createBirpc(
  { ...functions },
  {
    post: (data: Buffer) => socket.send(data),
    on: (receive) => socket.on("message", receive),
    serialize: pack,
    deserialize: unpack,
  },
);
