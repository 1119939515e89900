/**
 * What goes wrong in the proxy, by the code that Fly logs it under: https://fly.io/docs/monitoring/error-codes/. Those that
 * the emulator can run into.
 */
export const TROUBLES = {
  PU02: "could not complete HTTP request to instance",
  PC01: "instance refused connection. is your app listening on 0.0.0.0 or ::? make sure it is not only listening on 127.0.0.1",
  PC03: "connection reset",
  PC05: "connection timed out",
  PC06: "unidentified I/O error",
  PM01: "machines API returned an error",
  PM03: "timed out while waking the machine",
  PM07: "failed to change machine state",
  PM08: "machine is in a non-startable state",
  PA01: "request body exceeds the replay buffer, it can not be replayed",
  PA02: "too many fly-replay responses for one request",
  PA03: "invalid fly-replay",
  PA04: "fly-replay targets an app that does not exist",
  PA05: "fly-replay targets an app that it is not allowed to reach",
  PR01: "no known healthy instances found for route",
  PR03: "could not find a good candidate within the allowed number of attempts at load balancing",
  PR04: "could not find a good candidate in time",
} as const;

/** A code of Fly Proxy's log. */
export type TroubleCode = keyof typeof TROUBLES;

/** Why a request did not get what it wanted. */
export class Trouble extends Error {
  override readonly name = "Trouble";
  readonly code: TroubleCode;

  constructor(code: TroubleCode, detail?: string) {
    super(detail === undefined ? TROUBLES[code] : `${TROUBLES[code]}: ${detail}`);
    this.code = code;
  }

  /** What the client gets: 503 where no machine could be found, 502 where one failed it. */
  get status(): 502 | 503 {
    return this.code.startsWith("PR") || this.code.startsWith("PM") ? 503 : 502;
  }
}
