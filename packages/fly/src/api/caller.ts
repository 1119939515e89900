import { type Clock, sleep } from "../clock.ts";
import { fullJitter } from "../governor/backoff.ts";
import type { Governor } from "../governor/governor.ts";
import { classify } from "./classify.ts";
import { FlyError, FlyRateLimitedError, FlyTransientError } from "./errors.ts";

/** What every call takes. */
export interface CallOptions {
  /** Aborting it rejects at once with its reason. A call that is under way may be carried out nevertheless. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the call is made, after it waited for its turn under Fly's rate limits. */
  readonly admitted?: (() => void) | undefined;
}

/** What a call is. */
export interface CallSpec extends CallOptions {
  /** Such as `create machine`. One action has one rate limit per `id`. */
  readonly action: string;
  /** The machine's or the app's. */
  readonly id: string;
  /** Whether carrying it out twice is the same as once. Then it is tried again when there was no answer. */
  readonly repeatable: boolean;
  /** How long the answer may take, in ms. Default 30 s. */
  readonly timeout?: number;
}

/** What `openapi-fetch` gives. */
interface Answer<T> {
  readonly data?: T | undefined;
  readonly error?: unknown;
  readonly response: Response;
}

const TIMEOUT = 30_000;
/** How often a call is made at most. */
const TRIES = 4;
/** How often one is, when each time it was refused for coming too soon, which is nobody's fault but ours. */
const RATE_TRIES = 10;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;

/** Makes calls: at the rate that the API allows, again where that is safe, and with typed errors that keep the token. */
export class Caller {
  readonly #governor: Governor;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #token: string;

  constructor(governor: Governor, clock: Clock, random: () => number, token: string) {
    this.#governor = governor;
    this.#clock = clock;
    this.#random = random;
    this.#token = token;
  }

  async call<T>(spec: CallSpec, send: (signal: AbortSignal) => Promise<Answer<T>>): Promise<T> {
    let failures = 0;
    let refusals = 0;
    for (;;) {
      try {
        return await this.#once(spec, send);
      } catch (error) {
        if (error instanceof FlyRateLimitedError) {
          // The governor's bucket makes the next try wait.
          if (++refusals >= RATE_TRIES) throw error;
          continue;
        }
        if (!(error instanceof FlyTransientError) || !spec.repeatable || ++failures >= TRIES) throw error;
      }
      await sleep(this.#clock, fullJitter(this.#random, failures, FIRST_PAUSE, LONGEST_PAUSE), spec.signal);
    }
  }

  async #once<T>(spec: CallSpec, send: (signal: AbortSignal) => Promise<Answer<T>>): Promise<T> {
    const { action, id, signal, timeout = TIMEOUT } = spec;
    const governor = this.#governor;
    const token = await governor.admit(action, id, signal);
    const pause = governor.breaker.wait();
    if (pause > 0) throw this.#inTrouble(action, pause);
    spec.admitted?.();
    const late = AbortSignal.timeout(timeout);
    let answer: Answer<T>;
    try {
      answer = await send(signal === undefined ? late : AbortSignal.any([signal, late]));
    } catch (error) {
      if (signal?.aborted === true) {
        governor.breaker.abandoned();
        throw signal.reason;
      }
      governor.breaker.failed();
      throw this.#noAnswer(action, late.aborted ? `it did not answer within ${timeout} ms` : reasonOf(error));
    }
    const { data, error: body, response } = answer;
    if (response.ok) {
      governor.breaker.succeeded();
      governor.accepted(action, id, token);
      return data as T;
    }
    const error = classify(action, { status: response.status, headers: response.headers, body });
    error.message = this.#redact(error.message);
    if (error instanceof FlyTransientError) governor.breaker.failed();
    else governor.breaker.succeeded();
    if (error instanceof FlyRateLimitedError) governor.refused(action, id, error.retryAfter);
    else governor.accepted(action, id, token);
    throw error;
  }

  #inTrouble(action: string, pause: number): FlyError {
    const message = `Fly could not ${action}: its API failed several times in a row, and is asked again in ${Math.ceil(pause)} ms`;
    return new FlyTransientError(message, { status: null, requestId: null, outcome: "not-started" });
  }

  /** Without a cause: what `fetch` throws may hold on to the request, and that to the token. */
  #noAnswer(action: string, why: string): FlyError {
    const message = this.#redact(`Fly could not be reached to ${action}: ${why}`);
    return new FlyTransientError(message, { status: null, requestId: null });
  }

  #redact(text: string): string {
    return text.replaceAll(this.#token, "[token]");
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node says "fetch failed", and why in the cause.
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}
