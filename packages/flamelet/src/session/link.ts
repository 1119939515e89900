import type { Encoded } from "../wire/codec.ts";
import type { Type } from "../wire/frames.ts";
import type { PackedValue } from "../wire/message.ts";
import type { Scope } from "./scope.ts";

export interface SendOptions {
  /** What the value hands out keeps the work of its call open, as what it is handed out by does. Default false. */
  readonly hold?: boolean;
  readonly onWritten?: () => void;
}

/** What the parts of a session share: the way out, and values that may hand things over. */
export interface Link {
  /** Whether the connection has ended. */
  readonly over: boolean;
  send(type: Type, flags: number, id: number, body: readonly Uint8Array[], lane: number, onWritten?: () => void): void;
  /**
   * Sends a message whose body is a value; what the value hands out joins `scope`. Throws, having sent nothing, when it
   * holds something that lives elsewhere.
   */
  sendValue(
    type: Type,
    flags: number,
    id: number,
    value: Encoded,
    lane: number,
    scope: Scope,
    options?: SendOptions,
  ): void;
  /** Reads a value; what it hands over becomes a member of `scope`. */
  decode(packed: PackedValue, scope: Scope): unknown;
  /** The same for what a promise is about to be resolved with: refuses what that would go on to await. */
  decodeSettled(packed: PackedValue, scope: Scope): unknown;
  /** An error or reason as a body, whatever it is: what cannot cross arrives as its text. */
  packReason(reason: unknown): Uint8Array[];
  readReason(body: Buffer): unknown;
}

/**
 * Messages on one lane keep their order (see `Outbox`). Everything about one call has a lane, and so has everything about
 * one thing that was handed out.
 */
export function callLane(id: number, ours: boolean): number {
  return id * 4 + (ours ? 0 : 1);
}

export function exportLane(id: number, ours: boolean): number {
  return id * 4 + (ours ? 2 : 3);
}

/** On INVOKE: the function itself, instead of a method's index. */
export const SELF = 0xffff;
/** On INVOKE: dispose of the object. */
export const DISPOSE = 0xfffe;
