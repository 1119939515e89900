/** A gRPC server as a process of its own. Tells its parent the port over the IPC channel. */
import { setTimeout as sleep } from "node:timers/promises";
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from "@grpc/grpc-js";
import { service } from "./grpc-service.ts";

type Handler = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => void;

const EMPTY = Buffer.alloc(0);
const noop: Handler = (_, done) => done(null, EMPTY);
const echo: Handler = ({ request }, done) => done(null, request);
const later: Handler = ({ request }, done) => void sleep(request.readUInt32BE(0)).then(() => done(null, EMPTY));

const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(service, { noop, echo, sleep: later });
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.(port);
});
process.on("disconnect", () => process.exit(0));
