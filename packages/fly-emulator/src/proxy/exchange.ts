import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";
import type { ServerResponse } from "node:http";
import type { App } from "../world/app.ts";
import type { ProxyContext } from "./context.ts";
import { type Answer, deliver, type Delivery } from "./delivery.ts";
import { clientWish } from "./first-delivery.ts";
import { type Arrival, proxyResponseHeaders, responseHeaders } from "./headers.ts";
import { Patience } from "./patience.ts";
import { type Asker, cachedDelivery, fallbackDelivery, replayDelivery } from "./redirect.ts";
import { readReplay } from "./replay-answer.ts";
import type { SessionRule } from "./replay/cache.ts";
import type { ReplayFailureReason } from "./replay/source-headers.ts";
import { RequestBody } from "./request-body.ts";
import { httpService } from "./service.ts";
import { Trouble } from "./trouble.ts";
import { type Tunnel } from "./tunnels.ts";

/** https://fly.io/docs/monitoring/error-codes/#pa02-excess-fly-replay-headers */
const MOST_REPLAYS = 10;
/** What nginx logs for a client that left. */
const CLIENT_LEFT = 499;

/** The way of one request through the proxy, with all its replays. */
export class Exchange {
  readonly #context: ProxyContext;
  readonly #app: App;
  readonly #arrival: Arrival;
  readonly #response: ServerResponse;
  readonly #upgrade: { readonly socket: Duplex; readonly head: Buffer } | null;
  readonly #body: RequestBody;
  readonly #client = new AbortController();
  readonly #began: number;
  #status = CLIENT_LEFT;
  /** Gives back the place at the machine; doing it twice does no harm. */
  #release = (): void => {};

  constructor(
    context: ProxyContext,
    app: App,
    arrival: Arrival,
    to: {
      readonly response: ServerResponse;
      readonly upgrade: { readonly socket: Duplex; readonly head: Buffer } | null;
    },
  ) {
    this.#context = context;
    this.#app = app;
    this.#arrival = arrival;
    this.#response = to.response;
    this.#upgrade = to.upgrade;
    this.#body = new RequestBody(arrival.request, context.settings.replayBodyLimit);
    this.#began = context.world.clock.now();
    to.response.on("close", () => {
      if (!to.response.writableFinished) this.#client.abort(new Error("the client left"));
      this.#ended();
    });
  }

  /** Goes that way. Never rejects: what goes wrong, the client gets to know by its status. */
  async run(): Promise<void> {
    const { request, requestId, edge } = this.#arrival;
    const { method = "GET", url = "/" } = request;
    this.#context.tell({
      type: "request",
      request: requestId,
      at: this.#began,
      app: this.#app.name,
      method,
      url,
      edge,
    });
    try {
      const answer = await this.#answer();
      this.#body.settle();
      if (answer.tunnel === undefined) this.#forward(answer);
      else this.#join(answer, answer.tunnel);
    } catch (error) {
      if (this.#client.signal.aborted) return;
      const trouble = error instanceof Trouble ? error : new Trouble("PC06", String(error));
      this.#context.report(this.#app, null, trouble, requestId);
      this.#fail(trouble);
    }
  }

  /** The answer that is for the client. */
  async #answer(): Promise<Answer> {
    const { edge } = this.#arrival;
    let delivery = this.#first();
    let asker: Asker | null = null;
    let cameBack = false;
    for (let replays = 0; ;) {
      const { answer, failure }: { answer?: Answer; failure?: Delivery } = await this.#try(delivery, asker);
      if (answer === undefined) {
        cameBack = true;
        asker = null;
        delivery = failure as Delivery;
        continue;
      }
      const instruction = await this.#instruction(answer);
      if (instruction === null) return answer;
      answer.discard();
      const { machine } = answer.place;
      if (cameBack) throw new Trouble("PA03", "a request that came back by fallback cannot be replayed again");
      if (++replays > MOST_REPLAYS) throw new Trouble("PA02");
      if (!this.#body.replayable) throw new Trouble("PA01");
      const at = this.#context.world.clock.now();
      asker = { app: delivery.app, machine, instruction, at };
      const ignored = this.#context.cache.note(this.#cacheKey(), this.#rules(), instruction, {
        app: delivery.app.name,
        instance: machine.id,
      });
      if (ignored !== null)
        this.#context.report(delivery.app, machine, new Trouble("PA03", ignored), this.#arrival.requestId);
      const { requestId: request } = this.#arrival;
      this.#context.tell({
        type: "replay",
        request,
        at,
        app: delivery.app.name,
        machine: machine.id,
        region: machine.region,
      });
      const next = replayDelivery(this.#context.world, asker, edge);
      delivery = this.#bypassed ? { ...next, special: { ...next.special, "fly-replay-cache-status": "bypass" } } : next;
    }
  }

  #bypassed = false;

  #first(): Delivery {
    const { request, edge } = this.#arrival;
    const found = this.#context.cache.find(this.#cacheKey(), this.#rules());
    if (found.found === "hit") {
      const cached = cachedDelivery(this.#context.world, this.#app, { ...found, edge });
      if (cached !== null) return cached;
    }
    this.#bypassed = found.found === "bypass";
    return this.#direct(request.headers);
  }

  #direct(headers: Arrival["request"]["headers"]): Delivery {
    const status = this.#bypassed ? "bypass" : undefined;
    const wish = clientWish(headers, this.#arrival.edge);
    return { app: this.#app, way: "balance", wish, special: { "fly-replay-cache-status": status } };
  }

  /** An answer, or where to go because none could be had. */
  async #try(delivery: Delivery, asker: Asker | null): Promise<{ answer?: Answer; failure?: Delivery }> {
    const { world } = this.#context;
    const client = this.#client.signal;
    const timeout = asker?.instruction.timeout ?? Infinity;
    using reach = new Patience(world.clock, timeout, client, () => new ReplayTimeout());
    const outgoing = { arrival: this.#arrival, body: this.#body, upgrade: this.#upgrade !== null };
    try {
      return { answer: await deliver(this.#context, outgoing, delivery, { reach: reach.signal, client }) };
    } catch (error) {
      const reason = failureReason(error);
      if (reason === null || client.aborted) throw error;
      // A remembered replay is no promise: who asked for it knows better where to go now.
      if (delivery.way === "cache") return { failure: this.#direct(this.#arrival.request.headers) };
      const back = asker === null ? null : fallbackDelivery(asker, reason, world.clock.now(), this.#arrival.edge);
      if (back !== null) return { failure: back };
      throw error instanceof ReplayTimeout ? new Trouble("PR04", "the replay's timeout is over") : error;
    }
  }

  async #instruction(answer: Answer): ReturnType<typeof readReplay> {
    try {
      return await readReplay(answer);
    } catch (error) {
      answer.discard();
      throw error;
    }
  }

  #forward({ response, place, discard }: Answer): void {
    const { requestId } = this.#arrival;
    this.#status = response.statusCode ?? 502;
    const headers = responseHeaders(response, place.service, requestId);
    this.#response.writeHead(this.#status, response.statusMessage, headers);
    this.#response.flushHeaders();
    this.#release = discard;
    pipeline(response, this.#response, (error) => {
      discard();
      this.#body.drain();
      if (error == null || this.#client.signal.aborted) return;
      this.#context.report(place.machine.app, place.machine, new Trouble("PU02", error.message), requestId);
    });
  }

  #join({ response, place, discard }: Answer, { socket, head }: NonNullable<Answer["tunnel"]>): void {
    const { world, tunnels } = this.#context;
    const client = this.#upgrade?.socket as Duplex;
    const first = this.#upgrade?.head as Buffer;
    this.#status = 101;
    const lines = [`HTTP/1.1 101 ${response.statusMessage ?? "Switching Protocols"}`];
    for (let at = 0; at < response.rawHeaders.length; at += 2) {
      lines.push(`${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}`);
    }
    const added = proxyResponseHeaders(this.#arrival.requestId);
    for (let at = 0; at < added.length; at += 2) lines.push(`${added[at]}: ${added[at + 1]}`);
    this.#response.detachSocket(client as Parameters<ServerResponse["detachSocket"]>[0]);
    client.write(`${lines.join("\r\n")}\r\n\r\n`);
    if (head.length > 0) client.write(head);
    if (first.length > 0) socket.write(first);
    const webSocket = this.#arrival.request.headers.upgrade?.toLowerCase() === "websocket";
    const tunnel: Tunnel = { client, machine: socket, webSocket };
    const ms = world.clock.now() - this.#began;
    this.#context.tell({ type: "end", request: this.#arrival.requestId, at: world.clock.now(), status: 101, ms });
    tunnels.join(place.machine.id, tunnel, discard);
  }

  #fail(trouble: Trouble): void {
    this.#body.drain();
    if (this.#response.headersSent) return void this.#response.destroy();
    this.#status = trouble.status;
    const headers = ["content-type", "text/plain; charset=utf-8", ...proxyResponseHeaders(this.#arrival.requestId)];
    this.#response.shouldKeepAlive = this.#upgrade === null;
    this.#response.writeHead(trouble.status, headers);
    this.#response.end(`${trouble.status}: [${trouble.code}] ${trouble.message}\n`);
  }

  #ended(): void {
    // Who hears of the end finds the place free.
    this.#release();
    if (this.#status === 101) return;
    const at = this.#context.world.clock.now();
    const status = this.#response.writableFinished ? this.#status : CLIENT_LEFT;
    this.#context.tell({ type: "end", request: this.#arrival.requestId, at, status, ms: at - this.#began });
  }

  #cacheKey(): { app: string; host: string; url: string; headers: Arrival["request"]["headers"] } {
    const { headers, url = "/" } = this.#arrival.request;
    const host = (headers.host ?? "").toLowerCase().replace(/:\d+$/, "");
    return { app: this.#app.name, host, url, headers };
  }

  /** The rules of the app's service: those of any of its machines, since all have the same in a deployed app. */
  #rules(): readonly SessionRule[] {
    for (const machine of this.#app.living) {
      const service = httpService(machine.config, this.#arrival.port);
      if (service !== null) return service.replayCache;
    }
    return [];
  }
}

/** The time that a replay had for reaching its target is over. */
class ReplayTimeout extends Error {}

/** Why a target could not be reached, or null when it was reached, and failed then. */
function failureReason(error: unknown): ReplayFailureReason | null {
  if (error instanceof ReplayTimeout) return "timeout";
  if (!(error instanceof Trouble)) return null;
  if (error.code === "PR01") return "no_candidate";
  return error.code.startsWith("PR") || error.code.startsWith("PM") ? "retries_exhausted" : null;
}
