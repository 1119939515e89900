import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";
import { AuthError, BuildMismatchError, ProtocolError } from "../errors.ts";
import { HandshakeReader } from "./handshake-reader.ts";
import {
  decodeHello,
  encodeHello,
  type Hello,
  HELLO_HEAD,
  HELLO_MAX,
  helloBodyLength,
  type LinkKind,
  NONCE,
  PROOF,
  PROTOCOL_VERSION,
  prove,
} from "./hello.ts";
import type { Transport } from "../wire/transport.ts";

/**
 * Both sides prove that they know the secret of one runner, and nothing else is read before they have:
 *
 *     runner                                   parent
 *       hello (who I am, my nonce)        →
 *                                         ←    nonce, proof
 *       proof                             →
 *                                         ←    one byte: welcome, or why not
 *
 * The parent answers a hello of a runner that it never heard of in the same way, with a proof that nobody can check:
 * whoever does not know a secret learns nothing, and runs into the same closed door.
 */

/** How long a handshake may take, in ms: somebody who sends a byte now and then holds a connection no longer. */
export const HANDSHAKE_TIMEOUT = 5_000;

const WELCOME = 0;
const REFUSED_BUILD = 1;
const REFUSED_VERSION = 2;
const REFUSED_EPOCH = 3;
const REFUSED_DUPLICATE = 4;

/** The parent's side of one runner that may dial in. */
export interface SeatKey {
  readonly secret: string;
  readonly epoch: number;
  readonly buildId: string;
  /** Takes the one place that there is for a link of this kind; false when it is taken. Called at the very end. */
  claim(kind: LinkKind): boolean;
  /** The runner proved to be who it says, and was refused nevertheless. What strangers do is not told. */
  refused(error: Error): void;
}

/** The runner's side. */
export interface RunnerKey extends Pick<Hello, "kind" | "runnerId" | "epoch"> {
  readonly secret: string;
  /** What this runner runs. */
  readonly buildId: string;
  /** What its parent runs, to say so when they differ. */
  readonly parentBuildId: string;
}

/**
 * Authenticates whoever dialed in, as a parent. `find` gives the seat for a runner id. Resolves with the link's kind; the
 * transport is then its next receiver's, with every byte that follows the handshake.
 *
 * Rejects, having closed the transport: with an `AuthError` when it could not prove itself in time, with a
 * `ProtocolError` when what it sent is no handshake, or is refused by version, epoch or as a duplicate, and with a
 * `BuildMismatchError`. A refusal is told to the other side, which by then has proved itself.
 */
export async function acceptRunner(
  transport: Transport,
  find: (runnerId: string) => SeatKey | undefined,
  clock: Clock,
): Promise<LinkKind> {
  return within(transport, clock, async (reader) => {
    const head = await reader.take(HELLO_HEAD, HELLO_MAX);
    const length = helloBodyLength(head);
    const body = await reader.take(length, length);
    const hello = decodeHello(body);
    const seat = find(hello.runnerId);
    const secret = seat === undefined ? randomBytes(32) : Buffer.from(seat.secret, "base64url");
    const nonce = randomBytes(NONCE);
    transport.write([nonce, prove(secret, "parent", [head, body], nonce)]);
    const proof = await reader.take(PROOF, PROOF);
    if (!timingSafeEqual(proof, prove(secret, "runner", [head, body], nonce)) || seat === undefined)
      throw new AuthError(
        `somebody who claims to be runner ${JSON.stringify(hello.runnerId)} does not know its secret`,
      );
    const refusal = refusalOf(hello, seat);
    if (refusal !== null) {
      seat.refused(refusal.error);
      reader.refuse(Buffer.of(refusal.code), refusal.error);
    }
    reader.release();
    transport.write([Buffer.of(WELCOME)]);
    return hello.kind;
  });
}

/**
 * Authenticates a runner to its parent, and the parent to the runner. Resolves when the parent welcomed it. Rejects,
 * having closed the transport, as `acceptRunner` does; a `ProtocolError` or `BuildMismatchError` is final, while an
 * `AuthError` may only mean that the connection broke.
 */
export async function greetParent(transport: Transport, key: RunnerKey, clock: Clock): Promise<void> {
  return within(transport, clock, async (reader) => {
    const secret = Buffer.from(key.secret, "base64url");
    const hello = encodeHello({ ...key, version: PROTOCOL_VERSION }, randomBytes(NONCE));
    transport.write([hello]);
    const answer = await reader.take(NONCE + PROOF, NONCE + PROOF);
    const nonce = answer.subarray(0, NONCE);
    if (!timingSafeEqual(answer.subarray(NONCE), prove(secret, "parent", [hello], nonce)))
      throw new AuthError("who answered does not know this runner's secret, so it is not its parent");
    transport.write([prove(secret, "runner", [hello], nonce)]);
    // The session's first bytes may come right behind the welcome.
    const code = (await reader.take(1, Infinity))[0];
    const refusal = code === WELCOME ? null : refusalFor(code, key);
    if (refusal !== null) throw refusal;
    reader.release();
  });
}

/** Runs the steps against the clock, and closes the transport when they fail. */
async function within<T>(
  transport: Transport,
  clock: Clock,
  steps: (reader: HandshakeReader) => Promise<T>,
): Promise<T> {
  const reader = new HandshakeReader(transport);
  const timer = clock.setTimer(HANDSHAKE_TIMEOUT, () =>
    reader.fail(new AuthError(`the handshake was not done within ${HANDSHAKE_TIMEOUT} ms`)),
  );
  try {
    return await steps(reader);
  } catch (error) {
    reader.fail(error as Error);
    throw error;
  } finally {
    timer.cancel();
  }
}

interface Refusal {
  readonly code: number;
  readonly error: Error;
}

function refusalOf(hello: Hello, seat: SeatKey): Refusal | null {
  const protocol = (code: number, what: string): Refusal => ({
    code,
    error: new ProtocolError(`runner "${hello.runnerId}" ${what}`),
  });
  if (hello.version !== PROTOCOL_VERSION)
    return protocol(REFUSED_VERSION, `speaks version ${hello.version} of the protocol, not ${PROTOCOL_VERSION}`);
  if (hello.buildId !== seat.buildId)
    return {
      code: REFUSED_BUILD,
      error: new BuildMismatchError("the build", seat.buildId, hello.buildId),
    };
  if (hello.epoch !== seat.epoch) return protocol(REFUSED_EPOCH, `is of boot ${hello.epoch}, not ${seat.epoch}`);
  if (!seat.claim(hello.kind)) return protocol(REFUSED_DUPLICATE, `is connected already (${hello.kind})`);
  return null;
}

function refusalFor(code: number | undefined, key: RunnerKey): Error {
  if (code === REFUSED_BUILD) return new BuildMismatchError("the build", key.parentBuildId, key.buildId);
  if (code === REFUSED_VERSION)
    return new ProtocolError(`the parent does not speak version ${PROTOCOL_VERSION} of the protocol`);
  if (code === REFUSED_EPOCH) return new ProtocolError(`the parent knows another boot of runner "${key.runnerId}"`);
  if (code === REFUSED_DUPLICATE)
    return new ProtocolError(`runner "${key.runnerId}" is connected to its parent already (${key.kind})`);
  return new ProtocolError("the parent answered with something that is no handshake");
}
