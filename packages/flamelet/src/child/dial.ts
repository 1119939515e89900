import { connect } from "node:net";
import { systemClock } from "../clock.ts";
import { BuildMismatchError, ProtocolError } from "../errors.ts";
import { greetParent } from "../session/handshake.ts";
import type { LinkKind } from "../session/hello.ts";
import { ReadMemory } from "../session/read-memory.ts";
import { SocketTransport } from "../session/socket.ts";
import type { Connecting } from "../session/tls.ts";
import type { ParentEnv } from "./parent-env.ts";

/** How long one attempt to connect may take, in ms; the handshake has a limit of its own. */
const CONNECT_TIMEOUT = 5_000;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;

/**
 * Connects to the parent, and authenticates both. Resolves with the connection, which keeps the process alive, as does
 * the attempt. Tries again for as long as the parent cannot be reached: the watchdog's lease is what ends that. Rejects
 * when the parent refuses this runner, with a `BuildMismatchError` or a `ProtocolError`.
 *
 * @param buildId What this process runs, whatever the parent believes.
 * @param failed Called with what was wrong with each attempt that is followed by another.
 */
export async function dialParent(
  env: ParentEnv,
  kind: LinkKind,
  buildId: string,
  failed: (error: Error) => void = () => {},
): Promise<SocketTransport> {
  const hold = setInterval(() => {}, LONGEST_PAUSE);
  try {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        const transport = await connected(env, kind);
        const { runnerId, epoch, secret, buildId: parentBuildId } = env;
        await greetParent(transport, { kind, runnerId, epoch, secret, buildId, parentBuildId }, systemClock);
        return transport;
      } catch (error) {
        if (BuildMismatchError.is(error) || ProtocolError.is(error)) throw error;
        failed(error as Error);
      }
      await new Promise<void>((resolve) => systemClock.setTimer(pause, resolve));
    }
  } finally {
    clearInterval(hold);
  }
}

async function connected({ address, certificate }: ParentEnv, kind: LinkKind): Promise<SocketTransport> {
  // Over the watchdog's connection comes a byte a second, and what is encrypted is read by TLS.
  const memory = kind === "main" && certificate === undefined ? new ReadMemory() : null;
  const { socket, ready } =
    certificate === undefined
      ? connectPlainly(address, memory)
      : (await import("../session/tls.ts")).connectEncrypted(address, certificate);
  const timer = systemClock.setTimer(CONNECT_TIMEOUT, () => socket.destroy(new Error("the parent does not answer")));
  try {
    await ready;
    return new SocketTransport(socket, memory);
  } finally {
    timer.cancel();
  }
}

function connectPlainly(address: ParentEnv["address"], memory: ReadMemory | null): Connecting {
  const socket = connect(memory === null ? address : { ...address, onread: memory });
  return { socket, ready: new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject)) };
}
