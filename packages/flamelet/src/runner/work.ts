import type { Clock, Timer } from "../clock.ts";
import { BuildMismatchError, CallTimeoutError, SerializationError, UnknownFunctionError } from "../errors.ts";
import { ListNode } from "../linked-list.ts";
import type { RegisteredFunction } from "../registry.ts";
import type { CallKind, CallListener, OutgoingCall, Refused } from "../session/calls.ts";
import type { Session } from "../session/session.ts";
import type { Encoded } from "../wire/codec.ts";
import type { RunnerControl } from "./runner-control.ts";

/** A piece of work, ready to be sent to any runner, any number of times. */
export interface Work {
  /** Id of the function to run. */
  readonly fn: string;
  readonly hash: string;
  /** What to call it in messages: `media/probe`, or `src/thumbs.ts#thumbs/0 (src/thumbs.ts:42)`. */
  readonly label: string;
  readonly kind: CallKind;
  readonly values: Encoded;
  /** An uncompiled closure, which only a runner in this process can run: the function of that id. */
  readonly own: RegisteredFunction | null;
  /** For a call to the inline backend without its check: the function itself, and its arguments as they are. */
  readonly local: {
    readonly fn: (...args: never[]) => unknown;
    readonly args: unknown[];
    readonly named: boolean;
  } | null;
  /** How long it may run from its start, in ms. */
  readonly timeout: number;
  /** Aborts it: the caller is told at once, the work in its own time. */
  readonly signal: AbortSignal | undefined;
}

/** How an attempt to run a piece of work went. */
export type Attempt =
  | { readonly value: unknown }
  | { readonly error: unknown }
  /** The runner is gone, and the work may have run. Not to be confused with such an error of the function's own. */
  | { readonly lost: unknown }
  /** The runner is on its way out and did not take it: it can go elsewhere. */
  | { readonly moved: true };

/** Who hears of an attempt: `settled` once, and `ended` once and not before it. */
export interface WorkOwner {
  settled(attempt: Attempt): void;
  /** The slot is free. */
  ended(): void;
}

/** A runner that can be given work. */
export interface Worker extends RunnerControl {
  run(work: Work, owner: WorkOwner): void;
}

/** What runs pieces of work, and hears of each as it ends. */
export interface WorkKeeper<W = RunningWork> {
  workEnded(running: W, work: Work): void;
  /** The time of that work has been over for the grace period, and it still runs. */
  workStuck(work: Work): void;
}

/** How long work may go on after its time is over and its signal has aborted, in ms. */
export const GRACE = 5_000;

/** One piece of work on one session, with its clock and its signal. */
export class RunningWork implements CallListener {
  /** Its place among what its runner runs. */
  readonly seat: ListNode<RunningWork> = new ListNode<RunningWork>(this);
  readonly #work: Work;
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #owner: WorkOwner;
  readonly #keeper: WorkKeeper;
  #call: OutgoingCall | null = null;
  #timer: Timer | null = null;
  #abort: (() => void) | null = null;
  #done = false;

  constructor(work: Work, session: Session, clock: Clock, owner: WorkOwner, keeper: WorkKeeper) {
    this.#work = work;
    this.#session = session;
    this.#clock = clock;
    this.#owner = owner;
    this.#keeper = keeper;
  }

  /** Sends it. Separate from the constructor, since it may be over at once. */
  start(): void {
    try {
      this.#call = this.#session.call(this.#work, this);
    } catch (error) {
      // A value that lives on another runner: nothing was sent.
      this.#settle({ error });
      return this.#end();
    }
    const { signal } = this.#work;
    if (signal === undefined) return;
    this.#abort = () => this.#giveUp(signal.reason);
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  #giveUp(reason: unknown): void {
    this.#settle({ error: reason });
    if (this.#call !== null) this.#session.cancel(this.#call, reason);
  }

  #settle(attempt: Attempt): void {
    if (this.#done) return;
    this.#done = true;
    this.#owner.settled(attempt);
  }

  /**
   * Its clock starts, though its caller may have lost interest: it still must not run for ever. Also called when its runner's event loop stopped answering before it said that it started: then this
   * may be the very function that blocks it, and its time must not stand still.
   */
  started(answered = false): void {
    const { timeout, label, kind } = this.#work;
    // What is answered has no time left to be measured, but for a stream, which only begins with its answer.
    if (timeout === Infinity || this.#timer !== null || (answered && kind !== "stream")) return;
    this.#timer = this.#clock.setTimer(timeout, () => {
      // First, since giving it up may end it.
      this.#timer = this.#clock.setTimer(GRACE, () => this.#keeper.workStuck(this.#work));
      this.#giveUp(new CallTimeoutError(label, timeout));
    });
  }

  result(value: unknown): void {
    // A stream's time goes on until it has ended; a placed child's was for making it.
    if (this.#work.kind !== "stream") this.#timer?.cancel();
    this.#settle({ value });
  }

  failed(error: unknown): void {
    this.#timer?.cancel();
    this.#settle({ error });
  }

  lost(error: unknown): void {
    this.#settle({ lost: error });
  }

  refused({ refusal, detail }: Refused): void {
    const { fn, label, hash } = this.#work;
    if (refusal === "draining") this.#settle({ moved: true });
    else if (refusal === "unknown-function") this.#settle({ error: new UnknownFunctionError(fn, detail) });
    else if (refusal === "build-mismatch")
      this.#settle({ error: new BuildMismatchError(`the source of ${label}`, hash, detail) });
    else
      this.#settle({
        error: new SerializationError(`the runner could not read what ${label} was given: ${detail}`),
      });
  }

  ended(): void {
    this.#timer?.cancel();
    if (this.#abort !== null) this.#work.signal?.removeEventListener("abort", this.#abort);
    this.#end();
  }

  #end(): void {
    this.#keeper.workEnded(this, this.#work);
    this.#owner.ended();
  }
}
