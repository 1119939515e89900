import { type CallContext, LazyContext, runInContext } from "../child/context.ts";
import type { Clock, Timer } from "../clock.ts";
import { CallTimeoutError } from "../errors.ts";
import { ListNode } from "../linked-list.ts";
import { type Attempt, GRACE, type Work, type WorkKeeper, type WorkOwner } from "./work.ts";

/** One piece of work that runs right here: values are handed over as they are, and nothing stands between. */
export class DirectWork {
  /** Its place among what its runner runs. */
  readonly seat: ListNode<DirectWork> = new ListNode<DirectWork>(this);
  readonly #work: Work;
  readonly #local: NonNullable<Work["local"]>;
  readonly #clock: Clock;
  readonly #owner: WorkOwner;
  readonly #keeper: WorkKeeper<DirectWork>;
  readonly #context: LazyContext;
  #timer: Timer | null = null;
  #abort: (() => void) | null = null;
  #done = false;
  #over = false;

  constructor(
    work: Work,
    local: NonNullable<Work["local"]>,
    runner: CallContext["runner"],
    clock: Clock,
    owner: WorkOwner,
    keeper: WorkKeeper<DirectWork>,
  ) {
    this.#work = work;
    this.#local = local;
    this.#clock = clock;
    this.#owner = owner;
    this.#keeper = keeper;
    this.#context = new LazyContext(runner);
  }

  start(): void {
    const { signal, timeout, label } = this.#work;
    const { fn, args, named } = this.#local;
    if (signal !== undefined) {
      this.#abort = () => this.#giveUp(signal.reason);
      signal.addEventListener("abort", this.#abort, { once: true });
    }
    this.#timer = this.#clock.setTimer(timeout, () => {
      this.#timer = this.#clock.setTimer(GRACE, () => this.#keeper.workStuck(this.#work));
      this.#giveUp(new CallTimeoutError(label, timeout));
    });
    let given: Promise<unknown>;
    try {
      given = Promise.resolve(
        runInContext(this.#context, fn as (...args: unknown[]) => unknown, named ? args : [...args, this.#context]),
      );
    } catch (error) {
      given = Promise.reject(error);
    }
    given.then(
      (value) => this.#end({ value }),
      (error: unknown) => this.#end({ error }),
    );
  }

  /** The runner is gone, and the work with it: the function is told, and nobody hears of it any more. */
  lost(error: unknown): void {
    this.#context.abort(error);
    this.#end({ lost: error });
  }

  #giveUp(reason: unknown): void {
    this.#settle({ error: reason });
    this.#context.abort(reason);
  }

  #settle(attempt: Attempt): void {
    if (this.#done) return;
    this.#done = true;
    this.#owner.settled(attempt);
  }

  #end(attempt: Attempt): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    if (this.#abort !== null) this.#work.signal?.removeEventListener("abort", this.#abort);
    this.#settle(attempt);
    this.#keeper.workEnded(this, this.#work);
    this.#owner.ended();
  }
}
