import { Frames } from "./frames.ts";
import { type Kind, startRunner } from "./runner-process.ts";

/** A framed echo: the least that a call can be. */
export interface Echo extends Disposable {
  /** Answers come in the order of the frames. */
  send(frame: Uint8Array): Promise<Buffer>;
}

/** @param delay How long the other end keeps a frame, in ms. */
export async function openEcho(kind: Kind, delay = 0): Promise<Echo> {
  const runner = await startRunner(new URL("./echo-runner.ts", import.meta.url), kind, [String(delay)]);
  const waiting = new Fifo<(frame: Buffer) => void>();
  const frames = new Frames(runner.socket, (frame) => waiting.take()(frame));
  return {
    send: (frame) =>
      new Promise((resolve) => {
        waiting.add(resolve);
        frames.send(frame);
      }),
    [Symbol.dispose]: () => runner[Symbol.dispose](),
  };
}

/** A queue that does not move its items, of which there may be many. */
class Fifo<T> {
  #items: T[] = [];
  #at = 0;

  add(item: T): void {
    this.#items.push(item);
  }

  take(): T {
    const item = this.#items[this.#at++] as T;
    if (this.#at === this.#items.length) {
      this.#items = [];
      this.#at = 0;
    }
    return item;
  }
}
