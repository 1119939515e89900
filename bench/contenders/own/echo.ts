import { FrameReader, FrameWriter } from "./frames.ts";
import { type Kind, startRunner } from "./runner-process.ts";

/** A framed echo: the least that a call can be. */
export interface Echo extends Disposable {
  /** Answers come in the order of the frames. */
  send(frame: Uint8Array): Promise<Buffer>;
}

export interface EchoOptions {
  /** How long the other end keeps a frame, in ms. Default 0. */
  readonly delay?: number;
  /** See `FrameWriter`. Default: all frames of a tick are packed into one buffer. */
  readonly packBelow?: number;
}

export async function openEcho(kind: Kind, { delay = 0, packBelow = Infinity }: EchoOptions = {}): Promise<Echo> {
  const module = new URL("./echo-runner.ts", import.meta.url);
  const runner = await startRunner(module, kind, [String(delay), String(packBelow)]);
  const waiting = new Fifo<(frame: Buffer) => void>();
  const writer = new FrameWriter(runner.socket, packBelow);
  const reader = new FrameReader((frame) => waiting.take()(frame));
  runner.socket.on("data", (chunk: Buffer) => reader.push(chunk));
  return {
    send: (frame) =>
      new Promise((resolve) => {
        waiting.add(resolve);
        writer.send(frame);
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
