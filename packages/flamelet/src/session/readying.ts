import type { Encoded } from "../wire/codec.ts";

/** Messages whose values hold blobs wait for the blobs' bytes; what is meant for one lane keeps its order meanwhile. */
export class Readying {
  /** By lane, the last message that waits, and with it those behind it. */
  readonly #lanes = new Map<number, Promise<void>>();

  /** Whether it can go out at once: the usual case, in which there is nothing to wait for, and `whenReady` is not needed. */
  isReady(values: Encoded, lane: number): boolean {
    return values.ready === null && (this.#lanes.size === 0 || !this.#lanes.has(lane));
  }

  /** For what is not ready: calls `send` when the bytes have been read and its turn has come, or `failed`. */
  whenReady(values: Encoded, lane: number, send: () => void, failed: (error: unknown) => void): void {
    const sent = Promise.all([values.ready, this.#lanes.get(lane)]).then(send, failed);
    this.#lanes.set(lane, sent);
    void sent.then(() => {
      if (this.#lanes.get(lane) === sent) this.#lanes.delete(lane);
    });
  }
}
