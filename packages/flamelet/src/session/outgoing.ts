import { ProtocolError } from "../errors.ts";
import { decodePlain, type Encoded, isPlainText } from "../wire/codec.ts";
import type { Connection } from "../wire/connection.ts";
import { ENDED, MINE, Type } from "../wire/frames.ts";
import type { PackedValue } from "../wire/message.ts";
import { REFUSALS } from "./call-frames.ts";
import { type CallListener, OutgoingCall, Refused } from "./calls.ts";
import { type Exports, handsOver } from "./exports.ts";
import { callLane, type Link } from "./link.ts";
import { IdTable } from "../id-table.ts";
import type { Readying } from "./readying.ts";
import type { Scope } from "./scope.ts";

/** The calls and invocations that this side made, from their message to their end. */
export class OutgoingCalls {
  readonly #link: Link;
  readonly #connection: Connection;
  readonly #exports: Exports;
  readonly #readying: Readying;
  readonly #calls = new IdTable<OutgoingCall>();
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

  /**
   * Sends a call, which begins with `head`. What it is given and gives ends with it. Throws, having sent nothing, when the
   * values hold something that lives elsewhere.
   */
  call(head: readonly Uint8Array[], values: Encoded, listener: CallListener): OutgoingCall {
    const id = this.#nextId++;
    return this.#send(Type.CALL, new OutgoingCall(id, callLane(id, true), null, listener, values, null), head, values);
  }

  /**
   * As `call`, for something that the other side handed out. What an invocation is given lives as long as the call that it
   * belongs to.
   *
   * @param keeps What must not be collected before it is answered.
   */
  invoke(
    lane: number,
    head: readonly Uint8Array[],
    values: Encoded,
    scope: Scope,
    keeps: object,
    listener: CallListener,
  ): OutgoingCall {
    const call = new OutgoingCall(this.#nextId++, lane, scope, listener, null, keeps);
    return this.#send(Type.INVOKE, call, head, values);
  }

  #send(type: Type, call: OutgoingCall, head: readonly Uint8Array[], values: Encoded): OutgoingCall {
    if (handsOver(values)) this.#exports.attach(values, call.scope, { hold: false });
    this.#calls.add(call);
    if (this.#readying.isReady(values, call.lane)) {
      this.#transmit(type, call, head, values);
      return call;
    }
    const failed = (error: unknown): void => {
      this.#settle(call, "failed", error);
      this.#end(call, error);
    };
    this.#readying.whenReady(values, call.lane, () => this.#transmit(type, call, head, values), failed);
    return call;
  }

  #transmit(type: Type, call: OutgoingCall, head: readonly Uint8Array[], values: Encoded): void {
    if (call.settled || this.#link.over) return;
    const written = values.exports.length === 0 ? undefined : (): void => this.#exports.activate(values);
    call.message = this.#connection.sendValue(type, MINE, call.id, head, values, call.lane, written);
  }

  /**
   * The caller lost interest: its listener hears nothing more but `started` and `ended`. That comes at once when the call
   * had not gone out yet, and otherwise when the work has ended.
   */
  cancel(call: OutgoingCall, reason: unknown): void {
    if (this.#calls.get(call.id) === undefined) return;
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
    for (const call of this.#calls.all()) {
      if (call.values === null || (call.sent && (call.started || !saidGoodbye))) continue;
      this.#refused(call, new Refused("draining", "the runner went before the call started"));
      this.#end(call);
    }
  }

  /** All that is open is lost. */
  abandon(error: unknown): void {
    for (const call of this.#calls.all()) this.#settle(call, "lost", error);
    for (const call of this.#calls.all()) this.#end(call, error);
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

  onAnswer(type: Type, flags: number, id: number, packed: PackedValue): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (!call.settled) {
      this.#start(call, true);
      this.#settleWith(call, type === Type.RESULT ? "result" : "failed", packed);
    }
    if ((flags & ENDED) !== 0) this.#end(call);
  }

  onRefuse(flags: number, id: number, body: Buffer): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    const refusal = REFUSALS[body[0] as number];
    if (refusal === undefined) throw new ProtocolError(`unknown refusal ${body[0]}`);
    if (call.started) throw new ProtocolError(`call ${id} was refused after it had started`);
    this.#refused(call, new Refused(refusal, body.toString("utf8", 1)));
    if ((flags & ENDED) !== 0) this.#end(call);
  }

  onEnd(id: number): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (!call.settled) throw new ProtocolError(`call ${id} ended without an answer`);
    this.#end(call);
  }

  #settleWith(call: OutgoingCall, how: "result" | "failed", packed: PackedValue): void {
    let value: unknown;
    try {
      if (isPlainText(packed.json)) value = decodePlain(packed.json);
      else value = this.#link[how === "result" ? "decodeSettled" : "decode"](packed, call.scope);
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
    if (!this.#calls.remove(call)) return;
    if (call.values !== null) call.endScope(reason);
    call.listener.ended();
  }
}
