import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ParentEnv } from "../../src/child/parent-env.ts";
import { encodeHello, HELLO_HEAD, NONCE, PROOF } from "../../src/session/hello.ts";

/** Somebody who dials in, over TLS where it is spoken. Resolves, when all is over, with how many bytes it could read. */
export type Stranger = (env: ParentEnv) => Promise<number>;

/** Connects, and says what `speak` writes; `answered` gets the bytes that come back so far. */
function dialIn(
  env: ParentEnv,
  speak: (socket: Socket) => void,
  answered: (socket: Socket, bytes: number) => void = () => {},
): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    const to = env.address as NetConnectOpts;
    const socket = env.certificate === undefined ? connect(to) : connectTls({ ...to, rejectUnauthorized: false });
    // The kernel turns some away, when more come at once than its backlog takes.
    socket.on("error", () => {});
    socket.on(env.certificate === undefined ? "connect" : "secureConnect", () => speak(socket));
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

/** One who speaks no TLS to a parent who does. How that tells it to go is nothing that it could read. */
export function outsideTls(stranger: Stranger): Stranger {
  return async (env) => {
    const bytes = await stranger({ ...env, certificate: undefined });
    assert.ok(bytes <= LONGEST_TLS_ANSWER, `it was sent ${bytes} bytes`);
    return 0;
  };
}

/** One who listened to all that a runner said over TLS, and plays it again. */
export function playing(recorded: Buffer): Stranger {
  return outsideTls((env) => dialIn(env, (socket) => socket.end(recorded)));
}

/** A parent's part of a TLS handshake: its half of a post-quantum key exchange, its certificate, and an alert. */
const LONGEST_TLS_ANSWER = 4_096;

/** One who begins a hello, and goes on a byte at a time, for as long as it is let. */
export const slowLoris: Stranger = (env) => {
  let timer: NodeJS.Timeout;
  const bytes = hello(env);
  return dialIn(env, (socket) => {
    let at = 0;
    timer = setInterval(() => socket.write(bytes.subarray(at, (at += 1))), 200);
  }).finally(() => clearInterval(timer));
};
