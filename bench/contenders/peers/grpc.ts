import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import type { Rpc } from "../rpc.ts";
import { service } from "./grpc-service.ts";

type Unary = (request: Buffer, done: (error: Error | null, response: Buffer) => void) => void;

/** A process, by unary calls that carry bytes. */
export async function openGrpc(): Promise<Rpc> {
  const child = fork(fileURLToPath(new URL("./grpc-runner.ts", import.meta.url)), { detached: true });
  const [port] = (await once(child, "message")) as [number];
  const Client = makeGenericClientConstructor(service, "bench");
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  const call = (name: string, request: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) =>
      (client[name] as unknown as Unary).call(client, request, (error, response) =>
        error === null ? resolve(response) : reject(error),
      ),
    );
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  return {
    noop: () => call("noop", Buffer.alloc(0)),
    echo: (value) => call("echo", value as Buffer),
    sleep: (ms) => call("sleep", number(ms)),
    [Symbol.asyncDispose]: async () => {
      client.close();
      child.kill("SIGKILL");
    },
  };
}
