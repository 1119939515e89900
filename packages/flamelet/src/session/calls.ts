import type { Encoded } from "../wire/codec.ts";
import type { Outgoing } from "../wire/outbox.ts";
import type { Numbered } from "../id-table.ts";
import { Scope } from "./scope.ts";

/** What a parent asks a runner to run. */
export interface CallRequest {
  /** Id of a registered function. */
  readonly fn: string;
  /** Hash of its source; empty when its name is the whole contract. */
  readonly hash: string;
  /** What is done with the function's value. */
  readonly kind: CallKind;
  /** How long it may run, in ms from its start; `Infinity` for no limit. */
  readonly timeout: number;
  /** The captured values, then the arguments, as one array of two arrays: what they share stays shared. */
  readonly values: Encoded;
}

/** What of a request lies before its values on the wire. */
export type CallHead = Omit<CallRequest, "values">;

/** Given back; given back chunk by chunk; or kept on the runner as a placed child. */
export type CallKind = "value" | "stream" | "place";

/** Why a runner did not start a call. */
export type Refusal = "draining" | "unknown-function" | "build-mismatch" | "values";

/** A call that was refused: not one line of it ran. */
export class Refused {
  readonly refusal: Refusal;
  /** For `unknown-function` and `values`: a sentence. For `build-mismatch`: the hash over there. */
  readonly detail: string;
  constructor(refusal: Refusal, detail: string) {
    this.refusal = refusal;
    this.detail = detail;
  }
}

/**
 * Who hears of an outgoing call. Each is called at most once: one of `result`, `failed`, `refused` and `lost`, unless the
 * call was cancelled, and `ended` always and last.
 */
export interface CallListener {
  /** @param answered Whether its answer came along with the news, and is told next. */
  started(answered: boolean): void;
  result(value: unknown): void;
  /** What it threw, or why its value cannot be read. */
  failed(error: unknown): void;
  refused(refused: Refused): void;
  /** The session ended while it ran. */
  lost(error: unknown): void;
  /** The work has ended over there, or is gone with the session: the slot is free. */
  ended(): void;
}

/** A call, or an invocation of something that the other side handed out, as its caller holds it. */
export class OutgoingCall implements Numbered {
  readonly id: number;
  nextInBucket: this | null = null;
  readonly lane: number;
  readonly listener: CallListener;
  /** What it was given, for a call; null for an invocation, whose values live as long as the call that it belongs to. */
  readonly values: Encoded | null;
  /** What must not be collected before it is answered. */
  readonly keeps: object | null;
  message: Outgoing | null = null;
  settled = false;
  started = false;
  #scope: Scope | null;

  /** @param scope Null for one of its own, which most calls do without. */
  constructor(
    id: number,
    lane: number,
    scope: Scope | null,
    listener: CallListener,
    values: Encoded | null,
    keeps: object | null,
  ) {
    this.id = id;
    this.lane = lane;
    this.#scope = scope;
    this.listener = listener;
    this.values = values;
    this.keeps = keeps;
  }

  /** What was handed over for its sake. */
  get scope(): Scope {
    return (this.#scope ??= new Scope());
  }

  endScope(reason: unknown): void {
    this.#scope?.end(reason);
  }

  /** Whether the whole of it may have reached the other side, so that it may have started there. */
  get sent(): boolean {
    return this.message !== null && this.message.written === this.message.size;
  }
}

/** A call as the runner receives it. The session fills it in; whoever serves it answers through it. */
export interface IncomingCall {
  readonly fn: string;
  readonly hash: string;
  readonly kind: CallKind;
  readonly timeout: number;
  /** Decodes what came with it: captured values and arguments. Throws when they cannot be read. Call it once. */
  values(): { captures: unknown[]; args: unknown[] };
  /** The function is about to be entered. */
  start(): void;
  /** It gave this. Throws, having sent nothing, when the value cannot cross. */
  result(value: unknown): void;
  fail(error: unknown): void;
  refuse(refusal: Refusal, detail: string): void;
  /** Set by who serves it: the caller lost interest, or the session ended. */
  onCancel: ((reason: unknown) => void) | null;
  /** Set by who serves it: all that the call handed out is done with too. */
  onEnded: (() => void) | null;
}
