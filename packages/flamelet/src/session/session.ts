import { ProtocolError, SerializationError } from "../errors.ts";
import { decode, decodePlain, encode, type Encoded, isPlainText } from "../wire/codec.ts";
import { Connection, type ConnectionLimits, defaultConnectionLimits } from "../wire/connection.ts";
import { ENDED, FAILED, MINE, Type } from "../wire/frames.ts";
import { packValue, type PackedValue, unpackValue } from "../wire/message.ts";
import { Unsendable } from "../wire/unsendable.ts";
import type { CallListener, CallRequest, IncomingCall, OutgoingCall, Refusal } from "./calls.ts";
import { callHeadLength, packCallHead, readCallHead, REFUSALS } from "./call-frames.ts";
import { Exports, handsOver } from "./exports.ts";
import { Flows } from "./flows.ts";
import { IdTable } from "../id-table.ts";
import { Incoming } from "./incoming.ts";
import { Invocations } from "./invocations.ts";
import { callLane, type Link, type SendOptions } from "./link.ts";
import { OutgoingCalls } from "./outgoing.ts";
import { Pulse, type PulseOptions } from "./pulse.ts";
import { Readying } from "./readying.ts";
import { describe } from "./describe.ts";
import { Scope } from "./scope.ts";
import { StandIns } from "./stand-ins.ts";
import type { Transport } from "../wire/transport.ts";

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

export interface SessionOptions extends PulseOptions {
  readonly limits?: ConnectionLimits;
}

/**
 * One authenticated connection between a parent and one runner: calls and what they hand across. It knows no pool, does
 * no I/O of its own, and both sides are the same code; only the runner serves calls.
 */
export class Session implements Link {
  readonly #owner: SessionOwner;
  readonly #connection: Connection;
  readonly #flows: Flows;
  readonly #exports: Exports;
  readonly #standIns: StandIns;
  readonly #readying = new Readying();
  readonly #outgoing: OutgoingCalls;
  readonly #invocations: Invocations;
  readonly #incoming = new IdTable<Incoming>();
  /** Calls that were entered, and whose caller has not been told. */
  readonly #starting: Incoming[] = [];
  readonly #pulse: Pulse;
  #saidGoodbye = false;
  #over = false;

  constructor(transport: Transport, owner: SessionOwner, options: SessionOptions) {
    this.#owner = owner;
    this.#connection = new Connection(
      transport,
      {
        message: (type, flags, id, bytes, from, to) => this.#message(type, flags, id, bytes, from, to),
        flushing: () => this.#tellStarts(),
        closed: (error) => this.#closed(error),
      },
      options.limits ?? defaultConnectionLimits,
    );
    this.#flows = new Flows(this, options.clock);
    this.#exports = new Exports(this, this.#flows, this);
    this.#outgoing = new OutgoingCalls(this, this.#connection, this.#exports, this.#readying);
    this.#invocations = new Invocations(this, this.#outgoing, this.#exports);
    this.#standIns = new StandIns(this, this.#flows, this, (...what) => this.#invocations.invoke(...what));
    this.#pulse = new Pulse(this.#connection, options);
    this.#connection.open();
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
    return this.#pulse.silent;
  }

  // --- what a parent does ---

  /** Sends a call. The listener hears how it goes; nothing is thrown but a `SerializationError` of values from elsewhere. */
  call(request: CallRequest, listener: CallListener): OutgoingCall {
    return this.#outgoing.call(packCallHead(request), request.values, listener);
  }

  /**
   * The caller lost interest: its listener hears nothing more but `started` and `ended`. That comes at once when the call
   * had not gone out yet, and otherwise when the work has ended.
   */
  cancel(call: OutgoingCall, reason: unknown): void {
    this.#outgoing.cancel(call, reason);
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
    this.#pulse.stop();
    this.#connection.destroy();
    this.#invocations.abandon(error);
    this.#outgoing.sendBackUnstarted(this.#saidGoodbye);
    this.#outgoing.abandon(error);
    for (const call of this.#incoming.all()) {
      this.#incoming.remove(call);
      call.onCancel?.(error);
      call.scope.end(error);
    }
    this.#flows.end(error);
    this.#standIns.end(error);
  }

  #closed(error?: Error): void {
    this.#over = true;
    this.#pulse.stop();
    this.#outgoing.sendBackUnstarted(this.#saidGoodbye);
    this.#owner.closed(error);
  }

  // --- messages ---

  #message(type: Type, flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    // What makes up a call or a stream, without a view of the bytes for each.
    switch (type) {
      case Type.CHUNK:
        return this.#flows.chunkArrived(flags, id, bytes, from, to);
      case Type.CALL:
        return this.#onCall(id, bytes, from, to);
      case Type.START:
        return this.#outgoing.onStart(id);
      case Type.RESULT:
      case Type.ERROR:
        return this.#outgoing.onAnswer(type, flags, id, unpackValue(bytes, from, to));
      case Type.END:
        return this.#outgoing.onEnd(id);
      default:
        return this.#rarer(type, flags, id, bytes.subarray(from, to));
    }
  }

  #rarer(type: Type, flags: number, id: number, body: Buffer): void {
    switch (type) {
      case Type.PING:
        return this.#pulse.pinged();
      case Type.REFUSE:
        return this.#outgoing.onRefuse(flags, id, body);
      case Type.CANCEL:
        return this.#onCancel(id, body);
      case Type.INVOKE:
        return this.#invocations.onInvoke(id, body);
      case Type.READY:
        return this.#owner.ready?.();
      case Type.LEAVING:
        return this.#owner.leaving?.(body.toString("utf8").slice(0, 1_000));
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

  // --- the runner's side ---

  #onCall(id: number, bytes: Buffer, from: number, to: number): void {
    const serve = this.#owner.call;
    if (serve === undefined) throw new ProtocolError("a runner may not call functions of its parent");
    if (this.#incoming.get(id) !== undefined) throw new ProtocolError(`call ${id} came twice`);
    const length = callHeadLength(bytes, from, to);
    const call = new Incoming(this, id, readCallHead(bytes, from, length), unpackValue(bytes, from + length, to));
    this.#incoming.add(call);
    serve.call(this.#owner, call);
  }

  #onCancel(id: number, body: Buffer): void {
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
    if (handsOver(encoded))
      this.#exports.attach(encoded, call.scope, { hold: true, owned: call.kind === "place" && type === Type.RESULT });
    const lane = callLane(call.id, false);
    if (this.#readying.isReady(encoded, lane)) return this.#sendAnswer(call, type, encoded);
    const failed = (error: unknown): void => {
      this.#exports.drop(encoded);
      call.fail(error);
    };
    this.#readying.whenReady(encoded, lane, () => this.#sendAnswer(call, type, encoded), failed);
  }

  #sendAnswer(call: Incoming, type: typeof Type.RESULT | typeof Type.ERROR, value: Encoded): void {
    const flags = call.held ? 0 : ENDED;
    const lane = callLane(call.id, false);
    call.answered = true;
    this.#connection.sendValue(type, flags, call.id, NOTHING, value, lane, this.#onWritten(value));
    if (flags === ENDED) call.finish({ tell: false });
    else call.scope.onReleased = () => call.finish();
  }

  /** What is to happen when a value is on the wire; nothing, for most. */
  #onWritten(value: Encoded, then?: () => void): (() => void) | undefined {
    if (value.exports.length === 0) return then;
    return () => {
      this.#exports.activate(value);
      then?.();
    };
  }

  refuse(call: Incoming, refusal: Refusal, detail: string): void {
    const body = Buffer.concat([Buffer.of(REFUSALS.indexOf(refusal)), Buffer.from(detail)]);
    this.#connection.send(Type.REFUSE, ENDED, call.id, [body], callLane(call.id, false));
  }

  start(call: Incoming): void {
    if (this.#starting.push(call) === 1) this.#connection.scheduleFlush();
  }

  /** An answer says that its call has started; most calls have one by the time that anything is written. */
  #tellStarts(): void {
    for (const { id, answered } of this.#starting.splice(0))
      if (!answered) this.#connection.send(Type.START, 0, id, [], callLane(id, false));
  }

  /** Forgets an incoming call, telling the caller that it has ended unless its answer said so. */
  endIncoming(call: Incoming, tell: boolean): void {
    if (!this.#incoming.remove(call)) return;
    if (tell) this.#connection.send(Type.END, 0, call.id, [], callLane(call.id, false));
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
    this.#exports.attach(value, scope, { hold });
    const send = (): void =>
      void this.#connection.sendValue(type, flags, id, NOTHING, value, lane, this.#onWritten(value, onWritten));
    if (this.#readying.isReady(value, lane)) return send();
    this.#readying.whenReady(value, lane, send, (error) => {
      this.#exports.drop(value);
      const failed = type === Type.RESULT ? Type.ERROR : type;
      this.send(failed, flags | FAILED, id, this.packReason(error), lane, onWritten);
    });
  }

  decode(packed: PackedValue, scope: Scope): unknown {
    // Nothing in it comes from elsewhere.
    if (isPlainText(packed.json)) return decodePlain(packed.json);
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

  readReason(body: Buffer): unknown {
    try {
      return this.decode(unpackValue(body), new Scope());
    } catch (error) {
      return error;
    }
  }
}

const NOTHING: readonly Uint8Array[] = [];

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
