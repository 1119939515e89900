import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { ParentEnv } from "../../src/child/parent-env.ts";
import { encodeHello, HELLO_HEAD, NONCE, PROOF } from "../../src/session/hello.ts";

/** Somebody who dials in. Resolves, when the connection is over, with how many bytes it was sent. */
export type Stranger = (env: ParentEnv) => Promise<number>;

/** Connects, and says what `speak` writes; `answered` gets the bytes that come back so far. */
function dialIn(
  env: ParentEnv,
  speak: (socket: Socket) => void,
  answered: (socket: Socket, bytes: number) => void = () => {},
): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    const socket = connect(env.address);
    // The kernel turns some away, when more come at once than its backlog takes.
    socket.on("error", () => {});
    socket.on("connect", () => speak(socket));
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      answered(socket, bytes);
    });
    socket.on("close", () => resolve(bytes));
  });
}

/** A hello of the very runner that is wanted. */
function hello(env: ParentEnv, change: Partial<ParentEnv> = {}): Buffer {
  const { runnerId, epoch, buildId } = { ...env, ...change };
  return encodeHello({ version: 1, kind: "main", runnerId, epoch, buildId }, randomBytes(NONCE));
}

function proveWith(first: Buffer, proof: Buffer): (env: ParentEnv) => Promise<number> {
  let sent = false;
  return (env) =>
    dialIn(
      env,
      (socket) => socket.write(first),
      (socket, bytes) => {
        if (bytes < NONCE + PROOF || sent) return;
        sent = true;
        socket.write(proof);
      },
    );
}

/** Those who know no secret. */
export const withoutSecret: readonly Stranger[] = [
  (env) => dialIn(env, (socket) => socket.end()),
  (env) => dialIn(env, (socket) => socket.destroy()),
  (env) => dialIn(env, (socket) => socket.write("GET / HTTP/1.1\r\nhost: parent\r\n\r\n")),
  (env) => dialIn(env, (socket) => socket.write(randomBytes(200))),
  (env) => dialIn(env, (socket) => socket.write(Buffer.concat([Buffer.from("FLAM"), Buffer.of(0xff, 0xff)]))),
  // Speaks out of turn: frames, before anybody is welcome.
  (env) => dialIn(env, (socket) => socket.write(Buffer.concat([hello(env), Buffer.alloc(100_000, 1)]))),
];

/** Those who guess one: for this runner, for one that never was, and for an older boot. */
export const withWrongSecret: readonly Stranger[] = [
  (env) => proveWith(hello(env), randomBytes(PROOF))(env),
  (env) => proveWith(hello(env, { runnerId: "nobody-1" }), randomBytes(PROOF))(env),
  (env) => proveWith(hello(env, { epoch: 0 }), randomBytes(PROOF))(env),
];

/** One who listened to a handshake, and says the same again. */
export function replaying(recorded: Buffer): Stranger {
  const length = HELLO_HEAD + recorded.readUInt16BE(HELLO_HEAD - 2);
  const [first, proof] = [recorded.subarray(0, length), recorded.subarray(length, length + PROOF)];
  return (env) => proveWith(first, proof)(env);
}

/** One who begins a hello, and goes on a byte at a time, for as long as it is let. */
export const slowLoris: Stranger = (env) => {
  let timer: NodeJS.Timeout;
  const bytes = hello(env);
  return dialIn(env, (socket) => {
    let at = 0;
    timer = setInterval(() => socket.write(bytes.subarray(at, (at += 1))), 200);
  }).finally(() => clearInterval(timer));
};
