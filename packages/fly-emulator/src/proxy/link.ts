import { connect, type Socket } from "node:net";
import type { RegionNetwork } from "../regions/network.ts";
import { RegionSocket } from "../regions/region-socket.ts";
import type { Clock } from "../world/clock.ts";
import { Trouble } from "./trouble.ts";

/** Where a connection goes, and what it goes through. */
export interface LinkTarget {
  readonly network: RegionNetwork;
  readonly clock: Clock;
  /** Where the request entered. */
  readonly edge: string;
  /** Where the machine is. */
  readonly region: string;
  readonly address: string;
  readonly port: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/** A connection to a machine, near or far. */
export type Link = Socket | RegionSocket;

/**
 * Connects to a machine. Nothing of the request has been sent when this fails, so that it can be tried elsewhere.
 *
 * @throws {Trouble} PC01, PC03, PC05 or PC06; and the reason of `signal`.
 */
export async function openLink(target: LinkTarget, signal: AbortSignal): Promise<Link> {
  const { network, clock, edge, region, port } = target;
  signal.throwIfAborted();
  return await new Promise<Link>((resolve, reject) => {
    let socket: Socket | null = null;
    const stop = (): void => {
      timer.cancel();
      forget();
      signal.removeEventListener("abort", abort);
    };
    const fail = (error: unknown): void => {
      stop();
      socket?.destroy();
      reject(error as Error);
    };
    const abort = (): void => fail(signal.reason);
    const dial = (): void => {
      if (socket !== null || !network.reachable(edge, region)) return;
      const made = connect(port, target.address);
      socket = made;
      made.setNoDelay(true);
      made.once("error", (error) => fail(connectTrouble(error, port)));
      made.once("connect", () => {
        stop();
        made.removeAllListeners("error");
        resolve(edge === region ? made : new RegionSocket(made, network, clock, edge, region));
      });
    };
    const timer = clock.setTimer(target.timeout, () => fail(new Trouble("PC05", `${region}, port ${port}`)));
    const forget = network.onChange(dial);
    signal.addEventListener("abort", abort);
    dial();
  });
}

function connectTrouble(error: NodeJS.ErrnoException, port: number): Trouble {
  if (error.code === "ECONNREFUSED") return new Trouble("PC01", `port ${port}`);
  if (error.code === "ECONNRESET") return new Trouble("PC03");
  if (error.code === "ETIMEDOUT") return new Trouble("PC05");
  return new Trouble("PC06", error.message);
}
