import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { App } from "../world/app.ts";
import type { ProxyContext } from "./context.ts";
import type { Place } from "./dispatcher.ts";
import { type Arrival, requestHeaders } from "./headers.ts";
import { type Link, openLink } from "./link.ts";
import { pause } from "./patience.ts";
import type { Way } from "./proxy-events.ts";
import type { ReplayTransform } from "./replay/instruction.ts";
import type { RequestBody } from "./request-body.ts";
import type { RouteWish } from "./route.ts";
import { Trouble } from "./trouble.ts";

/** One way for a request to a machine: which machine it may be, and what the machine is told. */
export interface Delivery {
  readonly app: App;
  readonly way: Way;
  readonly wish: RouteWish;
  readonly transform?: ReplayTransform | undefined;
  /** Headers of this delivery, such as `fly-replay-src`. */
  readonly special: Readonly<Record<string, string | undefined>>;
}

/** What a machine answered. `tunnel`: it upgraded the connection, whose first bytes are `head`. */
export interface Answer {
  readonly place: Place;
  readonly response: IncomingMessage;
  readonly tunnel?: { readonly socket: Duplex; readonly head: Buffer };
  /** Ends the connection to the machine, and gives its place back. */
  discard(): void;
}

/** A request, and what it takes to send it. */
export interface Outgoing {
  readonly arrival: Arrival;
  readonly body: RequestBody;
  /** Whether the client asks for an upgrade. */
  readonly upgrade: boolean;
}

/** The wait between tries grows up to this many times the first. */
const LONGEST_WAIT = 10;

/**
 * Brings a request to a machine: finds one, and tries again elsewhere, then again at all of them, while none can be
 * connected to. Once a machine has the request, there is no second try.
 *
 * @param reach Ends the search: the client left, or the time for reaching a machine is over.
 * @param client Ends all of it: the client left.
 * @throws {Trouble} and the reasons of the signals.
 */
export async function deliver(
  context: ProxyContext,
  outgoing: Outgoing,
  delivery: Delivery,
  signals: { readonly reach: AbortSignal; readonly client: AbortSignal },
): Promise<Answer> {
  const { settings, world, dispatcher } = context;
  const { arrival } = outgoing;
  const tried = new Set<string>();
  let wait = settings.retryDelay;
  let last: Trouble | null = null;
  let woken = false;
  for (let n = 0; n < settings.tries; n++) {
    const except = new Set([...(delivery.wish.except ?? []), ...tried]);
    const search = { app: delivery.app, port: arrival.port, signal: signals.reach };
    let place: Place;
    try {
      // A machine that cannot be connected to yet is no reason to start another one, nor to wait for one that is full.
      place = await dispatcher.find({ ...search, wish: { ...delivery.wish, except }, patient: tried.size === 0 });
    } catch (error) {
      if (!(error instanceof Trouble) || tried.size === 0) throw error;
      tried.clear();
      await pause(world.clock, wait, signals.reach);
      wait = Math.min(wait * 2, settings.retryDelay * LONGEST_WAIT);
      continue;
    }
    woken ||= place.woken;
    try {
      const { machine, service } = place;
      const { network, connectTimeout: timeout } = settings;
      const at = { address: machine.serviceIp, port: service.internalPort, region: machine.region };
      const link = await openLink({ network, clock: world.clock, edge: arrival.edge, timeout, ...at }, signals.reach);
      return await send(context, outgoing, { delivery, place, woken, link, client: signals.client });
    } catch (error) {
      place.release();
      if (!(error instanceof Trouble) || !error.code.startsWith("PC")) throw error;
      // A machine that does not listen yet is nothing to write home about each time.
      if (last?.message !== error.message) context.report(delivery.app, place.machine, error, arrival.requestId);
      last = error;
      tried.add(place.machine.id);
    }
  }
  throw new Trouble("PR03", last?.message);
}

interface Sending {
  readonly delivery: Delivery;
  readonly place: Place;
  readonly woken: boolean;
  readonly link: Link;
  readonly client: AbortSignal;
}

function send(
  context: ProxyContext,
  { arrival, body, upgrade }: Outgoing,
  { delivery, place, woken, link, client }: Sending,
): Promise<Answer> {
  const { machine, service } = place;
  const { request: incoming, requestId } = arrival;
  const headers = requestHeaders(arrival, service, delivery.transform, {
    ...delivery.special,
    "fly-preferred-instance-unavailable": place.preferredUnavailable,
  });
  if (upgrade) Object.assign(headers, { connection: "Upgrade", upgrade: incoming.headers.upgrade });
  const hasBody =
    incoming.headers["content-length"] !== undefined || incoming.headers["transfer-encoding"] !== undefined;
  if (hasBody && incoming.headers["content-length"] === undefined) headers["transfer-encoding"] = "chunked";
  context.tell({
    type: "delivery",
    request: requestId,
    at: context.world.clock.now(),
    app: delivery.app.name,
    machine: machine.id,
    region: machine.region,
    way: delivery.way,
    woken,
  });
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      method: incoming.method,
      path: delivery.transform?.path ?? incoming.url,
      headers,
      setHost: false,
      createConnection: () => link,
    });
    const leave = (): void => void outgoing.destroy();
    client.addEventListener("abort", leave);
    const discard = (): void => {
      client.removeEventListener("abort", leave);
      body.detach();
      outgoing.destroy();
      link.destroy();
      place.release();
    };
    let answered = false;
    outgoing.on("error", (error) => {
      // An answer may come before the machine has read all; how that answer ends is told by the answer itself.
      if (answered) return body.drain();
      discard();
      reject(client.aborted ? (client.reason as Error) : new Trouble("PU02", error.message));
    });
    const answer = (response: IncomingMessage, tunnel?: NonNullable<Answer["tunnel"]>): void => {
      answered = true;
      resolve({ place, response, discard, ...(tunnel === undefined ? {} : { tunnel }) });
    };
    outgoing.on("response", (response) => answer(response));
    outgoing.on("upgrade", (response, socket, head) => answer(response, { socket, head }));
    if (service.idleTimeout !== null) link.setTimeout(service.idleTimeout, () => link.destroy());
    if (hasBody) body.sendTo(outgoing);
    else outgoing.end();
  });
}
