import type { Clock, Timer } from "../clock.ts";
import { ProtocolError, SerializationError } from "../errors.ts";
import { decode, encode, type Encoded } from "../wire/codec.ts";
import { Connection, type ConnectionLimits, defaultConnectionLimits } from "../wire/connection.ts";
import { ENDED, FAILED, MINE, Type } from "../wire/frames.ts";
import { packValue, type PackedValue, unpackValue } from "../wire/message.ts";
import { Unsendable } from "../wire/unsendable.ts";
import {
  type CallListener,
  type CallRequest,
  type IncomingCall,
  OutgoingCall,
  type Refusal,
  Refused,
} from "./calls.ts";
import { packCall, REFUSALS, unpackCall } from "./call-frames.ts";
import { type AttachOptions, Exports } from "./exports.ts";
import { Flows } from "./flows.ts";
import { Incoming } from "./incoming.ts";
import { callLane, exportLane, type Link, type SendOptions } from "./link.ts";
import { describe } from "./describe.ts";
import { Scope } from "./scope.ts";
import { StandIns } from "./stand-ins.ts";
import type { Transport } from "./transport.ts";

/** What a session tells its owner. Each signal comes at most once, but for `call`. */
export interface SessionOwner {
  /** A call arrived. Absent on a parent, to which nobody may send any. */
  call?(call: IncomingCall): void;
  ready?(): void;
  leaving?(reason: string): void;
  drain?(): void;
  goodbye?(): void;
  /**
   * The connection is over. Calls that are still open wait for `abandon`, so that the owner can first find out why the
   * other side went.
   */
  closed(error?: Error): void;
}

export interface SessionOptions {
  readonly clock: Clock;
  /** How often a sign of life is sent, in ms. Default 1,000. */
  readonly heartbeat?: number;
  /** Silent for this long, the other side counts as gone, unless `alive` says otherwise. Default 5,000; may be Infinity. */
  readonly silence?: number;
  /** Asked before a silent peer is given up: whether something else knows that it lives. */
  readonly alive?: () => boolean;
  readonly limits?: ConnectionLimits;
}

/**
 * One authenticated connection between a parent and one runner: calls and what they hand across. It knows no pool, does
 * no I/O of its own, and both sides are the same code; only the runner serves calls.
 */
export class Session implements Link {
  readonly #owner: SessionOwner;
  readonly #clock: Clock;
  readonly #connection: Connection;
  readonly #flows: Flows;
  readonly #exports: Exports;
  readonly #standIns: StandIns;
  readonly #outgoing = new Map<number, OutgoingCall>();
  readonly #incoming = new Map<number, Incoming>();
  readonly #heartbeat: number;
  readonly #silence: number;
  readonly #alive: () => boolean;
  #timer: Timer | null = null;
  #silentTicks = 0;
  #arrivals = 0;
  #writes = 0;
  #nextId = 1;
  /** By lane, the last message that waits for the bytes of a blob, and with it those behind it. */
  readonly #readying = new Map<number, Promise<void>>();
  #saidGoodbye = false;
  #over = false;
  #abandoned: { readonly reason: unknown } | null = null;

  constructor(transport: Transport, owner: SessionOwner, options: SessionOptions) {
    this.#owner = owner;
    this.#clock = options.clock;
    this.#heartbeat = options.heartbeat ?? 1_000;
    this.#silence = options.silence ?? 5_000;
    this.#alive = options.alive ?? (() => false);
    this.#connection = new Connection(
      transport,
      {
        message: (...message) => this.#message(...message),
        closed: (error) => this.#closed(error),
      },
      options.limits ?? defaultConnectionLimits,
    );
    this.#flows = new Flows(this);
    this.#exports = new Exports(this, this.#flows);
    this.#standIns = new StandIns(this, this.#flows, this, (...invocation) => this.#invoke(...invocation));
    this.#connection.open();
    this.#armTick();
  }

  get over(): boolean {
    return this.#over;
  }

  /** How many calls are open here, and how many things that were handed across: 0 when nothing goes on. */
  get open(): number {
    return this.#outgoing.size + this.#incoming.size + this.#exports.size + this.#flows.size + this.#standIns.size;
  }

  /** Whether nothing was heard in the last beat. */
  get silent(): boolean {
    return this.#silentTicks > 0;
  }

  // --- what a parent does ---

  /** Sends a call. The listener hears how it goes; nothing is thrown but a `SerializationError` of values from elsewhere. */
  call(request: CallRequest, listener: CallListener): OutgoingCall {
    const id = this.#nextId++;
    const call = new OutgoingCall(id, callLane(id, true), new Scope(), listener, request.values);
    this.#attach(request.values, call.scope, { hold: false });
    this.#outgoing.set(id, call);
    this.#sendCall(call, Type.CALL, request.values, packCall(request));
    return call;
  }

  #sendCall(call: OutgoingCall, type: typeof Type.CALL | typeof Type.INVOKE, values: Encoded, head: Buffer): void {
    const written = (): void => this.#exports.activate(values);
    this.#whenReady(
      values,
      call.lane,
      () => {
        if (call.settled || this.#over) return;
        call.message = this.#connection.send(type, MINE, call.id, packValue(values, head), call.lane, written);
      },
      (error) => {
        this.#settle(call, "failed", error);
        this.#endCall(call, error);
      },
    );
  }

  /**
   * The caller lost interest: its listener hears nothing more but `started` and `ended`. That comes at once when the call
   * had not gone out yet, and otherwise when the work has ended.
   */
  cancel(call: OutgoingCall, reason: unknown): void {
    if (!this.#outgoing.has(call.id)) return;
    call.settled = true;
    // What it was given and what it gave end here at once; over there when the message arrives.
    call.scope.end(reason);
    const unsent = call.message === null || this.#connection.withdraw(call.message, call.lane);
    if (unsent) return this.#endCall(call, reason);
    this.#connection.send(Type.CANCEL, MINE, call.id, this.packReason(reason), call.lane);
  }

  /** Asks the runner to take nothing new, to end what runs, and then to go. */
  drain(): void {
    this.#connection.send(Type.DRAIN, MINE, 0, [], 0);
  }

  // --- what a runner does ---

  ready(): void {
    this.#connection.send(Type.READY, MINE, 0, [], 0);
  }

  leaving(reason: string): void {
    this.#connection.send(Type.LEAVING, MINE, 0, [Buffer.from(reason)], 0);
  }

  /** Says goodbye once everything before it is on its way, and closes. */
  goodbye(): void {
    this.#connection.send(Type.GOODBYE, MINE, 0, [], 0);
    this.#connection.end();
  }

  // --- ends ---

  /** Closes the connection now. The owner hears `closed`. */
  destroy(): void {
    this.#connection.destroy();
  }

  /** After `closed`, or instead of it: everything that is still open ends with this error. */
  abandon(error: unknown): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#connection.destroy();
    this.#abandoned = { reason: error };
    this.#sendBackUnstarted();
    for (const call of this.#outgoing.values()) this.#settle(call, "lost", error);
    for (const call of this.#outgoing.values()) this.#endCall(call, error);
    for (const call of this.#incoming.values()) {
      call.onCancel?.(error);
      call.scope.end(error);
    }
    this.#incoming.clear();
    this.#flows.end(error);
    this.#standIns.end(error);
  }

  #closed(error?: Error): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#sendBackUnstarted();
    this.#owner.closed(error);
  }

  /**
   * Calls that provably never started are refused, whatever else there is to find out: those of which nothing went out,
   * and after a goodbye, which comes when all that started has ended, those that had not started by then.
   */
  #sendBackUnstarted(): void {
    for (const call of this.#outgoing.values()) {
      if (call.values === null || (call.sent && (call.started || !this.#saidGoodbye))) continue;
      this.#refused(call, new Refused("draining", "the runner went before the call started"));
      this.#endCall(call);
    }
  }

  // --- heartbeat ---

  #armTick(): void {
    this.#timer = this.#clock.setTimer(this.#heartbeat, () => this.#tick());
  }

  /**
   * Silence is counted in ticks of our own timer, not by the clock: when this process was paused, it wakes to one late
   * tick, not to the belief that everybody else has been silent.
   */
  #tick(): void {
    this.#armTick();
    if (this.#connection.writes === this.#writes) this.#connection.send(Type.PING, MINE, 0, [], 0);
    this.#writes = this.#connection.writes;
    const heard = this.#connection.arrivals !== this.#arrivals;
    this.#arrivals = this.#connection.arrivals;
    // Known to live, it has a whole silence from when it answers again: what it says may come later than the news of that.
    if (heard) this.#silentTicks = 0;
    else this.#silentTicks = this.#alive() ? 1 : this.#silentTicks + 1;
    if (this.#silentTicks * this.#heartbeat < this.#silence) return;
    this.#connection.destroy();
    this.#connection.closed(new Error(`nothing was heard for ${this.#silence} ms`));
  }

  // --- messages ---

  #message(type: Type, flags: number, id: number, body: Uint8Array): void {
    switch (type) {
      case Type.PING:
        return;
      case Type.CALL:
        return this.#onCall(id, body);
      case Type.START:
        return this.#onStart(id);
      case Type.RESULT:
      case Type.ERROR:
      case Type.REFUSE:
        return this.#onAnswer(type, flags, id, body);
      case Type.END: {
        const call = this.#outgoing.get(id);
        if (call === undefined) return;
        if (!call.settled) throw new ProtocolError(`call ${id} ended without an answer`);
        return this.#endCall(call);
      }
      case Type.CANCEL:
        return this.#onCancel(id, body);
      case Type.INVOKE:
        return this.#onInvoke(id, body);
      case Type.READY:
        return this.#owner.ready?.();
      case Type.LEAVING:
        return this.#owner.leaving?.(Buffer.from(body).toString("utf8").slice(0, 1_000));
      case Type.DRAIN:
        return this.#owner.drain?.();
      case Type.GOODBYE:
        this.#saidGoodbye = true;
        return this.#owner.goodbye?.();
      case Type.SETTLE:
        return this.#standIns.onSettle(flags, id, body);
      case Type.RELEASE:
        return (flags & MINE) !== 0 ? this.#standIns.onWritten(id) : this.#exports.released(id);
      default:
        return this.#flows.message(type, flags, id, body);
    }
  }

  // --- the caller's side ---

  #onStart(id: number): void {
    const call = this.#outgoing.get(id);
    if (call === undefined || call.started) return;
    call.started = true;
    call.listener.started();
  }

  #onAnswer(type: Type, flags: number, id: number, body: Uint8Array): void {
    const call = this.#outgoing.get(id);
    if (call === undefined) return;
    if (type === Type.REFUSE) {
      const refusal = REFUSALS[body[0] as number];
      if (refusal === undefined) throw new ProtocolError(`unknown refusal ${body[0]}`);
      if (call.started) throw new ProtocolError(`call ${id} was refused after it had started`);
      this.#refused(call, new Refused(refusal, Buffer.from(body.subarray(1)).toString("utf8")));
    } else if (!call.settled) {
      this.#onStart(id);
      this.#settleWith(call, type === Type.RESULT ? "result" : "failed", body);
    }
    if ((flags & ENDED) !== 0) this.#endCall(call);
  }

  #settleWith(call: OutgoingCall, how: "result" | "failed", body: Uint8Array): void {
    let value: unknown;
    try {
      const packed = unpackValue(body);
      value = how === "result" ? this.decodeSettled(packed, call.scope) : this.decode(packed, call.scope);
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

  #endCall(call: OutgoingCall, reason?: unknown): void {
    if (!this.#outgoing.delete(call.id)) return;
    if (call.values !== null) call.scope.end(reason);
    call.listener.ended();
  }

  // --- the runner's side ---

  #onCall(id: number, body: Uint8Array): void {
    const serve = this.#owner.call;
    if (serve === undefined) throw new ProtocolError("a runner may not call functions of its parent");
    if (this.#incoming.has(id)) throw new ProtocolError(`call ${id} came twice`);
    const { head, valuesAt } = unpackCall(body);
    const call = new Incoming(this, id, head, () => unpackValue(body, valuesAt));
    this.#incoming.set(id, call);
    serve.call(this.#owner, call);
  }

  #onCancel(id: number, body: Uint8Array): void {
    const call = this.#incoming.get(id);
    if (call === undefined) return;
    let reason: unknown;
    try {
      reason = this.decode(unpackValue(body), call.scope);
    } catch (error) {
      reason = error;
    }
    call.onCancel?.(reason);
    // What it was given has ended over there. What it handed out, or still will, nobody is there to use.
    call.scope.end(reason);
  }

  // The four methods below are for `Incoming` alone.

  /** Throws, having sent nothing, when the value cannot cross. */
  answer(call: Incoming, type: typeof Type.RESULT | typeof Type.ERROR, value: unknown): void {
    const encoded = encode(value);
    this.#attach(encoded, call.scope, {
      hold: true,
      owned: call.kind === "place" && type === Type.RESULT,
    });
    const lane = callLane(call.id, false);
    this.#whenReady(
      encoded,
      lane,
      () => {
        const flags = call.scope.held ? 0 : ENDED;
        const written = (): void => this.#exports.activate(encoded);
        this.#connection.send(type, flags, call.id, packValue(encoded), lane, written);
        if (flags === ENDED) call.finish({ tell: false });
        else call.scope.onReleased = () => call.finish();
      },
      (error) => {
        this.#exports.drop(encoded);
        call.fail(error);
      },
    );
  }

  refuse(call: Incoming, refusal: Refusal, detail: string): void {
    const body = Buffer.concat([Buffer.of(REFUSALS.indexOf(refusal)), Buffer.from(detail)]);
    this.#connection.send(Type.REFUSE, ENDED, call.id, [body], callLane(call.id, false));
  }

  start(call: Incoming): void {
    this.#connection.send(Type.START, 0, call.id, [], callLane(call.id, false));
  }

  /** Forgets an incoming call, telling the caller that it has ended unless its answer said so. */
  endIncoming(call: Incoming, tell: boolean): void {
    if (!this.#incoming.delete(call.id)) return;
    if (tell) this.#connection.send(Type.END, 0, call.id, [], callLane(call.id, false));
  }

  // --- invocations of what was handed out ---

  #invoke(exportId: number, method: number, args: Encoded, scope: Scope, standIn: object): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // A function that does not wait for its callbacks must not end its process because its caller is gone.
    const lost = (reason: unknown): void => {
      promise.catch(() => {});
      reject(reason);
    };
    if (this.#abandoned !== null || scope.over) {
      lost(this.#abandoned === null ? scope.reason : this.#abandoned.reason);
      return promise;
    }
    const id = this.#nextId++;
    const listener = {
      started() {},
      result: resolve,
      failed: reject,
      refused: () => reject(new ProtocolError("an invocation was refused")),
      lost,
      ended: () => forget(),
    };
    const call = new OutgoingCall(id, exportLane(exportId, false), scope, listener, null, standIn);
    try {
      this.#attach(args, scope, { hold: false });
    } catch (error) {
      reject(error);
      return promise;
    }
    this.#outgoing.set(id, call);
    const forget = scope.add((reason) => {
      this.#settle(call, "lost", reason);
      this.#endCall(call, reason);
    });
    const head = Buffer.allocUnsafe(8);
    head.writeUIntBE(exportId, 0, 6);
    head.writeUInt16BE(method, 6);
    this.#sendCall(call, Type.INVOKE, args, head);
    return promise;
  }

  #onInvoke(id: number, body: Uint8Array): void {
    if (body.length < 8) throw new ProtocolError("an invocation is too short");
    const view = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const packed = unpackValue(body, 8);
    const [target, method] = [view.readUIntBE(0, 6), view.readUInt16BE(6)];
    void this.#exports.invoke(target, method, packed).then(({ failed, value, scope, answered }) => {
      if (this.#over) return answered();
      const lane = callLane(id, false);
      try {
        this.sendValue(failed ? Type.ERROR : Type.RESULT, ENDED, id, encode(value), lane, scope, {
          onWritten: answered,
        });
      } catch (error) {
        this.send(Type.ERROR, ENDED, id, this.packReason(failed ? value : error), lane, answered);
      }
    });
  }

  #attach(values: Encoded, scope: Scope, options: AttachOptions): void {
    for (const { owner } of values.homes) {
      if (owner !== this) throw new SerializationError("a value that lives on one runner cannot be sent to another");
    }
    this.#exports.attach(values, scope, options);
  }

  /** Goes on at once, or when the bytes of blobs have been read. What is meant for one lane keeps its order. */
  #whenReady(values: Encoded, lane: number, send: () => void, failed: (error: unknown) => void): void {
    const before = this.#readying.get(lane);
    if (values.ready === null && before === undefined) return send();
    const sent = Promise.all([values.ready, before]).then(send, failed);
    this.#readying.set(lane, sent);
    void sent.then(() => {
      if (this.#readying.get(lane) === sent) this.#readying.delete(lane);
    });
  }

  // --- what the parts of a session share (Link) ---

  send(type: Type, flags: number, id: number, body: readonly Uint8Array[], lane: number, onWritten?: () => void): void {
    this.#connection.send(type, flags, id, body, lane, onWritten);
  }

  sendValue(
    type: Type,
    flags: number,
    id: number,
    value: Encoded,
    lane: number,
    scope: Scope,
    { hold = false, onWritten }: SendOptions = {},
  ): void {
    this.#attach(value, scope, { hold });
    const written = (): void => {
      this.#exports.activate(value);
      onWritten?.();
    };
    const send = (): void => this.send(type, flags, id, packValue(value), lane, written);
    this.#whenReady(value, lane, send, (error) => {
      this.#exports.drop(value);
      const failed = type === Type.RESULT ? Type.ERROR : type;
      this.send(failed, flags | FAILED, id, this.packReason(error), lane, onWritten);
    });
  }

  decode(packed: PackedValue, scope: Scope): unknown {
    const importer = this.#standIns.importer(scope, (id) => this.#exports.home(id));
    return decode(packed.json, packed.attachments, importer);
  }

  decodeSettled(packed: PackedValue, scope: Scope): unknown {
    const value = this.decode(packed, scope);
    if (isThenable(value)) throw new SerializationError("the value has a method then, and would be awaited");
    return value;
  }

  packReason(reason: unknown): Uint8Array[] {
    if (reason instanceof Unsendable) reason = afterStart(reason);
    try {
      const encoded = encode(reason);
      if (encoded.exports.length === 0 && encoded.ready === null) return packValue(encoded);
    } catch {
      // Told as text below.
    }
    return packValue(encode(new Error(describe(reason))));
  }

  readReason(body: Uint8Array): unknown {
    try {
      return this.decode(unpackValue(body), new Scope());
    } catch (error) {
      return error;
    }
  }
}

/** What cannot be sent from here came of something that ran. */
function afterStart({ message, path, cause }: Unsendable): SerializationError {
  return new SerializationError(
    message,
    path,
    cause === undefined ? { outcome: "unknown" } : { outcome: "unknown", cause },
  );
}

function isThenable(value: unknown): boolean {
  if (typeof value !== "object" && typeof value !== "function") return false;
  return value !== null && !(value instanceof Promise) && typeof (value as { then?: unknown }).then === "function";
}
