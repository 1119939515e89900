import type { Readable, Writable } from "node:stream";

/**
 * The body of a request on its way to a machine, kept up to a limit so that the same request can be sent again. It flows
 * as it comes: the first machine sees each byte before the client has sent the next.
 */
export class RequestBody {
  readonly #source: Readable;
  readonly #limit: number;
  #kept: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #error: Error | null = null;
  #settled = false;
  #target: Writable | null = null;
  #waiting = false;

  constructor(source: Readable, limit: number) {
    this.#source = source;
    this.#limit = limit;
    // A listener for data does not make a paused stream flow.
    source.pause();
    source.on("data", (chunk: Buffer) => this.#take(chunk));
    source.on("end", () => {
      this.#ended = true;
      this.#target?.end();
    });
    source.on("error", (error) => {
      this.#error = error;
      this.#target?.destroy(error);
    });
  }

  /** Whether all that came so far is still there to be sent again. */
  get replayable(): boolean {
    return this.#bytes <= this.#limit;
  }

  /** Sends all of it to `target`, from its first byte, and takes it away from the target before. */
  sendTo(target: Writable): void {
    this.detach();
    if (this.#error !== null) return void target.destroy(this.#error);
    this.#target = target;
    for (const chunk of this.#kept) target.write(chunk);
    if (this.#ended) return void target.end();
    target.on("drain", () => {
      if (this.#target === target && this.#waiting) this.#flow();
    });
    if (target.writableNeedDrain) this.#waiting = true;
    else this.#flow();
  }

  /** There will be no replay any more: what is kept is let go, and what comes is passed on alone. */
  settle(): void {
    this.#settled = true;
    this.#kept = [];
  }

  /** Stops sending; what the client sends meanwhile waits. */
  detach(): void {
    this.#target = null;
    this.#source.pause();
  }

  /** Lets the rest of it run away unread, so that the client can read its answer. */
  drain(): void {
    this.#target = null;
    this.settle();
    this.#source.resume();
  }

  #flow(): void {
    this.#waiting = false;
    this.#source.resume();
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.replayable && !this.#settled) this.#kept.push(chunk);
    else this.#kept = [];
    if (this.#target === null) return;
    if (!this.#target.write(chunk)) {
      this.#waiting = true;
      this.#source.pause();
    }
  }
}
