import { ProtocolError } from "../errors.ts";
import type { Encoded } from "../wire/codec.ts";
import type { Connection } from "../wire/connection.ts";
import { ENDED, MINE, Type } from "../wire/frames.ts";
import { packValue, unpackValue } from "../wire/message.ts";
import { REFUSALS } from "./call-frames.ts";
import { type CallListener, OutgoingCall, Refused } from "./calls.ts";
import type { Exports } from "./exports.ts";
import type { Link } from "./link.ts";
import type { Readying } from "./readying.ts";
import type { Scope } from "./scope.ts";

/** What a call or an invocation is sent as. */
export interface OutgoingRequest {
  readonly type: typeof Type.CALL | typeof Type.INVOKE;
  /** Its lane, given its id. */
  readonly lane: (id: number) => number;
  readonly scope: Scope;
  readonly values: Encoded;
  /** What lies before the values. */
  readonly head: Buffer;
  /** What must not be collected before it is answered. */
  readonly keeps?: object;
}

/** The calls and invocations that this side made, from their message to their end. */
export class OutgoingCalls {
  readonly #link: Link;
  readonly #connection: Connection;
  readonly #exports: Exports;
  readonly #readying: Readying;
  readonly #calls = new Map<number, OutgoingCall>();
  #nextId = 1;

  constructor(link: Link, connection: Connection, exports: Exports, readying: Readying) {
    this.#link = link;
    this.#connection = connection;
    this.#exports = exports;
    this.#readying = readying;
  }

  /** How many have not ended. */
  get size(): number {
    return this.#calls.size;
  }

  /** Throws, having sent nothing, when the values hold something that lives elsewhere. */
  send(request: OutgoingRequest, listener: CallListener): OutgoingCall {
    const { type, scope, values, keeps = null } = request;
    const id = this.#nextId++;
    // What an invocation is given lives as long as the call that it belongs to.
    const call = new OutgoingCall(id, request.lane(id), scope, listener, type === Type.CALL ? values : null, keeps);
    this.#exports.attach(values, scope, { hold: false });
    this.#calls.set(id, call);
    if (this.#readying.isReady(values, call.lane)) {
      this.#transmit(call, request);
    } else {
      const failed = (error: unknown): void => {
        this.#settle(call, "failed", error);
        this.#end(call, error);
      };
      this.#readying.whenReady(values, call.lane, () => this.#transmit(call, request), failed);
    }
    return call;
  }

  #transmit(call: OutgoingCall, { type, values, head }: OutgoingRequest): void {
    if (call.settled || this.#link.over) return;
    const written = values.exports.length === 0 ? undefined : (): void => this.#exports.activate(values);
    call.message = this.#connection.send(type, MINE, call.id, packValue(values, head), call.lane, written);
  }

  /**
   * The caller lost interest: its listener hears nothing more but `started` and `ended`. That comes at once when the call
   * had not gone out yet, and otherwise when the work has ended.
   */
  cancel(call: OutgoingCall, reason: unknown): void {
    if (!this.#calls.has(call.id)) return;
    call.settled = true;
    // What it was given and what it gave end here at once; over there when the message arrives.
    call.scope.end(reason);
    const unsent = call.message === null || this.#connection.withdraw(call.message, call.lane);
    if (unsent) return this.#end(call, reason);
    this.#connection.send(Type.CANCEL, MINE, call.id, this.#link.packReason(reason), call.lane);
  }

  /** Nobody waits for it any more, and what answers it comes to nothing. */
  forget(call: OutgoingCall, reason: unknown): void {
    this.#settle(call, "lost", reason);
    this.#end(call, reason);
  }

  /**
   * The connection is over. Calls that provably never started are refused, whatever else there is to find out: those of
   * which nothing went out, and after a goodbye, which comes when all that started has ended, those that had not started
   * by then.
   */
  sendBackUnstarted(saidGoodbye: boolean): void {
    for (const call of this.#calls.values()) {
      if (call.values === null || (call.sent && (call.started || !saidGoodbye))) continue;
      this.#refused(call, new Refused("draining", "the runner went before the call started"));
      this.#end(call);
    }
  }

  /** All that is open is lost. */
  abandon(error: unknown): void {
    for (const call of this.#calls.values()) this.#settle(call, "lost", error);
    for (const call of this.#calls.values()) this.#end(call, error);
  }

  onStart(id: number): void {
    const call = this.#calls.get(id);
    if (call !== undefined) this.#start(call, false);
  }

  #start(call: OutgoingCall, answered: boolean): void {
    if (call.started) return;
    call.started = true;
    call.listener.started(answered);
  }

  onAnswer(type: Type, flags: number, id: number, body: Uint8Array): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (type === Type.REFUSE) {
      const refusal = REFUSALS[body[0] as number];
      if (refusal === undefined) throw new ProtocolError(`unknown refusal ${body[0]}`);
      if (call.started) throw new ProtocolError(`call ${id} was refused after it had started`);
      this.#refused(call, new Refused(refusal, Buffer.from(body.subarray(1)).toString("utf8")));
    } else if (!call.settled) {
      this.#start(call, true);
      this.#settleWith(call, type === Type.RESULT ? "result" : "failed", body);
    }
    if ((flags & ENDED) !== 0) this.#end(call);
  }

  onEnd(id: number): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (!call.settled) throw new ProtocolError(`call ${id} ended without an answer`);
    this.#end(call);
  }

  #settleWith(call: OutgoingCall, how: "result" | "failed", body: Uint8Array): void {
    let value: unknown;
    try {
      const packed = unpackValue(body);
      value = this.#link[how === "result" ? "decodeSettled" : "decode"](packed, call.scope);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      return this.#settle(call, "failed", error);
    }
    this.#settle(call, how, value);
  }

  #settle(call: OutgoingCall, how: "result" | "failed" | "lost", value: unknown): void {
    if (call.settled) return;
    call.settled = true;
    call.listener[how](value);
  }

  #refused(call: OutgoingCall, refused: Refused): void {
    if (call.settled) return;
    call.settled = true;
    // It goes elsewhere now, and its streams with it.
    if (refused.refusal === "draining" && call.values !== null) this.#exports.takeBack(call.values);
    call.listener.refused(refused);
  }

  #end(call: OutgoingCall, reason?: unknown): void {
    if (!this.#calls.delete(call.id)) return;
    if (call.values !== null) call.scope.end(reason);
    call.listener.ended();
  }
}
