/**
 * What calling a callback gives. Like any promise, but for one thing: when it rejects and nobody had asked, that is a
 * warning and no unhandled rejection. A function that reports its progress rarely waits for the answer, and that its
 * caller's callback threw must not end the process in which others have work too.
 */
export class CallbackPromise<T> extends Promise<T> {
  #asked = false;

  // What is made of it by `then` is an ordinary promise.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  static of<T>(outcome: Promise<T>): CallbackPromise<T> {
    const promise = new CallbackPromise<T>((resolve, reject) => void outcome.then(resolve, reject));
    super.prototype.then.call(promise, undefined, (error: unknown) => {
      if (!promise.#asked) warn(error);
    });
    return promise;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise, and has one anyway.
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#asked = true;
    return super.then(fulfilled, rejected);
  }
}

function warn(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(
    `a callback failed, and the function that called it did not wait for it: ${text}`,
    "FlameletWarning",
  );
}
