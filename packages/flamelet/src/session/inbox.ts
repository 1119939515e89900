import type { Receiver } from "../wire/transport.ts";

/**
 * The receiving side that all transports share: hands what arrives to the receiver of the moment, in order, and holds it
 * while there is none.
 */
export class Inbox {
  #receiver: Receiver | null = null;
  #waiting: Uint8Array[] = [];
  #end: { readonly error: Error | undefined } | null = null;
  #scheduled = false;

  get receiver(): Receiver | null {
    return this.#receiver;
  }

  set receiver(receiver: Receiver | null) {
    this.#receiver = receiver;
    if (this.#waiting.length > 0 || this.#end !== null) this.#schedule();
  }

  data(bytes: Uint8Array): void {
    if (this.#receiver !== null && this.#waiting.length === 0) this.#receiver.data(bytes);
    else this.#waiting.push(Buffer.from(bytes));
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#waiting.unshift(bytes);
    this.#schedule();
  }

  drain(): void {
    this.#receiver?.drain();
  }

  /** Nothing arrives any more. Told once, to whoever is the receiver when all that waited has been taken. */
  closed(error?: Error): void {
    if (this.#end !== null) return;
    this.#end = { error };
    if (this.#waiting.length === 0) this.#deliver();
  }

  // A receiver is set by constructors and in the middle of handing over, so it must not be called from there.
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (this.#receiver !== null && this.#waiting.length > 0) {
      const bytes = this.#waiting.shift();
      if (bytes !== undefined) this.#receiver.data(bytes);
    }
    if (this.#end === null || this.#receiver === null) return;
    const { receiver, end } = { receiver: this.#receiver, end: this.#end };
    this.#receiver = null;
    if (end.error === undefined) receiver.closed();
    else receiver.closed(end.error);
  }
}
