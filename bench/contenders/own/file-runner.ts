/** Writes what it reads into the file that is its second argument, and says when that is done. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { connect } from "node:net";

const [address = "", path = ""] = process.argv.slice(2);
const to = /^\d+$/.test(address) ? { port: Number(address), host: "127.0.0.1" } : { path: address };
const socket = connect({ ...to, allowHalfOpen: true });
await pipeline(socket, createWriteStream(path));
socket.end("done");
