import { ProtocolError, SerializationError } from "../errors.ts";
import { decodePlain, isPlainText } from "../wire/codec.ts";
import { Type } from "../wire/frames.ts";
import type { PackedValue } from "../wire/message.ts";
import type { CallHead, CallKind, IncomingCall, Refusal } from "./calls.ts";
import { describe } from "./describe.ts";
import type { Numbered } from "../id-table.ts";
import { Scope } from "./scope.ts";
import type { Session } from "./session.ts";

/** The runner's end of a call. */
export class Incoming implements IncomingCall, Numbered {
  readonly id: number;
  nextInBucket: this | null = null;
  onCancel: ((reason: unknown) => void) | null = null;
  onEnded: (() => void) | null = null;
  /** Whether its answer has gone out. Written by the session. */
  answered = false;
  readonly #session: Session;
  readonly #head: CallHead;
  readonly #values: PackedValue;
  #scope: Scope | null = null;

  constructor(session: Session, id: number, head: CallHead, values: PackedValue) {
    this.#session = session;
    this.id = id;
    this.#head = head;
    this.#values = values;
  }

  get fn(): string {
    return this.#head.fn;
  }
  get hash(): string {
    return this.#head.hash;
  }
  get kind(): CallKind {
    return this.#head.kind;
  }
  get timeout(): number {
    return this.#head.timeout;
  }

  /** Made when something is handed over, in either direction: most calls do without. */
  get scope(): Scope {
    return (this.#scope ??= new Scope());
  }

  /** Whether something that it handed out is still in use over there. */
  get held(): boolean {
    return this.#scope?.held ?? false;
  }

  values(): { captures: unknown[]; args: unknown[] } {
    const { json } = this.#values;
    const value = isPlainText(json) ? decodePlain(json) : this.#session.decode(this.#values, this.scope);
    if (value === undefined) return { captures: [], args: [] };
    if (!Array.isArray(value) || !Array.isArray(value[0]) || !Array.isArray(value[1]))
      throw new ProtocolError("a call carries no captures and arguments");
    return { captures: value[0], args: value[1] };
  }

  start(): void {
    this.#session.start(this);
  }

  result(value: unknown): void {
    this.#session.answer(this, Type.RESULT, value);
  }

  fail(error: unknown): void {
    try {
      this.#session.answer(this, Type.ERROR, error);
    } catch (cause) {
      // What was thrown cannot cross: its text can.
      const text = `the function threw something that cannot be sent (${describe(cause)}): ${describe(error)}`;
      this.#session.answer(this, Type.ERROR, new SerializationError(text, "", { outcome: "unknown" }));
    }
  }

  refuse(refusal: Refusal, detail: string): void {
    this.#session.refuse(this, refusal, detail);
    this.finish({ tell: false });
  }

  /** Everything of it has ended. `tell`: the answer did not say so. */
  finish({ tell }: { readonly tell: boolean } = { tell: true }): void {
    if (this.#scope !== null) {
      this.#scope.onReleased = null;
      this.#scope.end();
    }
    this.#session.endIncoming(this, tell);
    this.onEnded?.();
    this.onEnded = null;
  }
}
