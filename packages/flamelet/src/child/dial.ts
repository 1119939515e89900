import { connect } from "node:net";
import { type Clock, systemClock } from "../clock.ts";
import { BuildMismatchError, ProtocolError } from "../errors.ts";
import { greetParent } from "../session/handshake.ts";
import type { LinkKind } from "../session/hello.ts";
import { SocketTransport } from "../session/socket.ts";
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
 */
export async function dialParent(
  env: ParentEnv,
  kind: LinkKind,
  buildId: string,
  clock: Clock = systemClock,
): Promise<SocketTransport> {
  const hold = setInterval(() => {}, LONGEST_PAUSE);
  try {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        const transport = await connected(env.address, clock);
        const { runnerId, epoch, secret, buildId: parentBuildId } = env;
        await greetParent(transport, { kind, runnerId, epoch, secret, buildId, parentBuildId }, clock);
        return transport;
      } catch (error) {
        if (BuildMismatchError.is(error) || ProtocolError.is(error)) throw error;
      }
      await new Promise<void>((resolve) => clock.setTimer(pause, resolve));
    }
  } finally {
    clearInterval(hold);
  }
}

function connected(address: ParentEnv["address"], clock: Clock): Promise<SocketTransport> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const timer = clock.setTimer(CONNECT_TIMEOUT, () => socket.destroy(new Error("the parent does not answer")));
    socket.once("error", reject);
    socket.once("close", () => timer.cancel());
    socket.once("connect", () => {
      timer.cancel();
      socket.off("error", reject);
      resolve(new SocketTransport(socket));
    });
  });
}
