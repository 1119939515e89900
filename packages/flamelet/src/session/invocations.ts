import { ProtocolError } from "../errors.ts";
import { encode, type Encoded } from "../wire/codec.ts";
import { ENDED, Type } from "../wire/frames.ts";
import { unpackValue } from "../wire/message.ts";
import type { Exports } from "./exports.ts";
import { callLane, exportLane, type Link } from "./link.ts";
import type { OutgoingCalls } from "./outgoing.ts";
import type { Scope } from "./scope.ts";

/** What lies before the arguments on the wire: the id of what is invoked, and which of its methods. */
const HEAD = 8;

/** Runs what the other side handed out, and what was handed out here. */
export class Invocations {
  readonly #link: Link;
  readonly #outgoing: OutgoingCalls;
  readonly #exports: Exports;
  /** Why nothing can be invoked any more. */
  #abandoned: { readonly reason: unknown } | null = null;

  constructor(link: Link, outgoing: OutgoingCalls, exports: Exports) {
    this.#link = link;
    this.#outgoing = outgoing;
    this.#exports = exports;
  }

  /** Runs a function or method over there. `standIn` is not collected meanwhile. */
  invoke(target: number, method: number, values: Encoded, scope: Scope, standIn: object): Promise<unknown> {
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
    const head = Buffer.allocUnsafe(HEAD);
    head.writeUIntBE(target, 0, 6);
    head.writeUInt16BE(method, 6);
    let left = (): void => {};
    const listener = {
      started() {},
      result: resolve,
      failed: reject,
      refused: () => reject(new ProtocolError("an invocation was refused")),
      lost,
      ended: () => left(),
    };
    try {
      const call = this.#outgoing.invoke(exportLane(target, false), [head], values, scope, standIn, listener);
      left = scope.add((reason) => this.#outgoing.forget(call, reason));
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  onInvoke(id: number, body: Buffer): void {
    if (body.length < HEAD) throw new ProtocolError("an invocation is too short");
    const packed = unpackValue(body, HEAD);
    const [target, method] = [body.readUIntBE(0, 6), body.readUInt16BE(6)];
    void this.#exports.invoke(target, method, packed).then(({ failed, value, scope, answered }) => {
      if (this.#link.over) return answered();
      const lane = callLane(id, false);
      const onWritten = answered;
      try {
        this.#link.sendValue(failed ? Type.ERROR : Type.RESULT, ENDED, id, encode(value), lane, scope, { onWritten });
      } catch (error) {
        this.#link.send(Type.ERROR, ENDED, id, this.#link.packReason(failed ? value : error), lane, answered);
      }
    });
  }

  /** The session is over. */
  abandon(reason: unknown): void {
    this.#abandoned = { reason };
  }
}
