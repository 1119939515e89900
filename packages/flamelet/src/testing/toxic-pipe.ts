import type { Socket } from "node:net";
import type { Toxics } from "./toxics.ts";

/** Above this many waiting bytes the source is not read: then its sender feels the toxic, as it would a slow network. */
const HIGH_WATER = 1024 * 1024;

/** With limited bandwidth, bytes go out in so many pieces a second. */
const PIECES_PER_SECOND = 50;

interface Item {
  readonly what: Buffer | "end" | "reset";
  /** When it came. */
  readonly at: number;
  /** Its share of the jitter, from -1 to 1. */
  readonly luck: number;
}

/** One direction of a connection: takes what one socket receives, and sends it by the other as the toxics allow. */
export class ToxicPipe {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #toxics: Toxics;
  readonly #way: "up" | "down";
  readonly #cut: () => void;
  readonly #queue: Item[] = [];
  readonly #passed = new Map<object, number>();
  readonly #unwatch: () => void;
  #waiting = 0;
  #freeAt = 0;
  #over = false;
  /** Ends a wait: something came or went out, a toxic changed, or the connection is gone. */
  #wake = (): void => {};

  /** @param cut Closes the whole connection, once what was sent is out. */
  constructor(source: Socket, target: Socket, toxics: Toxics, way: "up" | "down", cut: () => void) {
    this.#source = source;
    this.#target = target;
    this.#toxics = toxics;
    this.#way = way;
    this.#cut = cut;
    this.#unwatch = toxics.watch(() => this.#wake());
    source.on("data", (bytes: Buffer) => this.#arrived(bytes));
    source.on("end", () => this.#arrived("end"));
    source.on("close", () => {
      // A connection that closes without having ended was reset, or given up.
      if (!source.readableEnded) this.#arrived("reset");
    });
    target.on("drain", () => this.#wake());
    target.on("close", () => this.close());
    void this.#run();
  }

  /** Stops; what waits is dropped. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#unwatch();
    this.#queue.length = 0;
    this.#wake();
    // Nobody takes it any more, but the end of the source is to be noticed.
    this.#source.resume();
  }

  #arrived(what: Buffer | "end" | "reset"): void {
    if (this.#over) return;
    this.#queue.push({ what, at: performance.now(), luck: Math.random() * 2 - 1 });
    if (typeof what !== "string") this.#waiting += what.length;
    if (this.#waiting > HIGH_WATER) this.#source.pause();
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      const item = this.#queue[0];
      if (item === undefined) {
        await this.#pause(Infinity);
        continue;
      }
      await this.#due(item);
      if (typeof item.what !== "string") await this.#pass(item.what);
      else await this.#finish(item.what);
      this.#queue.shift();
      if (typeof item.what !== "string") this.#waiting -= item.what.length;
      if (this.#waiting <= HIGH_WATER && this.#source.isPaused()) this.#source.resume();
    }
  }

  /** Waits until the latency is over and no black hole is in the way. */
  async #due(item: Item): Promise<void> {
    while (!this.#over) {
      let due = item.at;
      for (const { toxic } of this.#toxics.find("latency", this.#way))
        due += Math.max(0, toxic.ms + item.luck * (toxic.jitter ?? 0));
      const swallowed = this.#toxics.find("black-hole", this.#way).length > 0;
      const left = due - performance.now();
      if (!swallowed && left <= 0) return;
      await this.#pause(swallowed ? Infinity : left);
    }
  }

  async #pass(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#over;) {
      await this.#open();
      if (this.#over) return;
      const size = Math.min(bytes.length - at, this.#allowed());
      if (size > 0) await this.#write(bytes.subarray(at, at + size));
      at += size;
      if (this.#count(size)) return this.#cut();
    }
  }

  /** Waits until the next piece may go: for the end of a black hole, and for the bandwidth that the last ones used. */
  async #open(): Promise<void> {
    while (!this.#over) {
      const swallowed = this.#toxics.find("black-hole", this.#way).length > 0;
      const limited = this.#toxics.find("bandwidth", this.#way).length > 0;
      const left = limited ? this.#freeAt - performance.now() : 0;
      if (!swallowed && left <= 0) return;
      await this.#pause(swallowed ? Infinity : left);
    }
  }

  /** How long the next piece may be. */
  #allowed(): number {
    let size = Infinity;
    for (const { toxic } of this.#toxics.find("slicer", this.#way)) size = Math.min(size, toxic.size);
    for (const { toxic } of this.#toxics.find("bandwidth", this.#way))
      size = Math.min(size, Math.ceil(toxic.bytesPerSecond / PIECES_PER_SECOND));
    for (const { active, toxic } of this.#toxics.find("limit-data", this.#way))
      size = Math.min(size, Math.max(0, toxic.bytes - (this.#passed.get(active) ?? 0)));
    return size;
  }

  async #write(piece: Buffer): Promise<void> {
    const now = performance.now();
    for (const { toxic } of this.#toxics.find("bandwidth", this.#way))
      this.#freeAt = Math.max(now, this.#freeAt) + (piece.length / toxic.bytesPerSecond) * 1_000;
    this.#target.write(piece);
    while (this.#target.writableNeedDrain && !this.#over) await this.#pause(Infinity);
    for (const { toxic } of this.#toxics.find("slicer", this.#way))
      await new Promise<void>((resolve) =>
        toxic.pause === undefined || toxic.pause === 0 ? setImmediate(resolve) : setTimeout(resolve, toxic.pause),
      );
  }

  /** Counts what passed; true when a limit is reached. */
  #count(bytes: number): boolean {
    let reached = false;
    for (const { active, toxic } of this.#toxics.find("limit-data", this.#way)) {
      const passed = (this.#passed.get(active) ?? 0) + bytes;
      this.#passed.set(active, passed);
      reached ||= passed >= toxic.bytes;
    }
    return reached;
  }

  async #finish(how: "end" | "reset"): Promise<void> {
    const since = performance.now();
    while (!this.#over) {
      let wait = since - performance.now();
      for (const { toxic } of this.#toxics.find("slow-close", this.#way)) wait += toxic.ms;
      if (wait <= 0) break;
      await this.#pause(wait);
    }
    if (this.#over) return;
    if (how === "end") this.#target.end();
    else resetSocket(this.#target);
  }

  /** Waits so long, in ms, or until something changes. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === Infinity ? undefined : setTimeout(() => this.#wake(), Math.ceil(ms));
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
    });
  }
}

/** Closes a socket so that its other end sees a reset. A socket file knows no resets: there it is a sudden end. */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
