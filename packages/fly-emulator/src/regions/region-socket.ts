import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Clock } from "../world/clock.ts";
import { DelayLine } from "./delay-line.ts";
import type { RegionNetwork } from "./network.ts";

/** A connected socket as somebody in another region has it: late, and silent while the regions are cut off. */
export class RegionSocket extends Duplex {
  readonly #socket: Socket;
  readonly #out: DelayLine;
  readonly #in: DelayLine;
  /** Whether nobody reads what has arrived. */
  #full = false;

  constructor(socket: Socket, network: RegionNetwork, clock: Clock, near: string, far: string) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#out = new DelayLine(network, clock, near, far);
    this.#in = new DelayLine(network, clock, far, near);
    socket.on("data", (chunk: Buffer) => {
      this.#in.send(chunk.length, () => {
        this.#full = !this.push(chunk);
      });
      socket.pause();
      this.#in.whenRoom(() => {
        if (!this.#full) socket.resume();
      });
    });
    socket.on("end", () => this.#in.send(0, () => this.push(null)));
    socket.on("error", (error) => this.#in.send(0, () => this.destroy(error)));
    // After an orderly end, what has arrived is still to be read.
    socket.on("close", () => this.#in.send(0, () => void (socket.readableEnded || this.destroy())));
  }

  /** Calls `fn` when no byte has gone either way for `ms`, as a socket does. */
  setTimeout(ms: number, fn?: () => void): this {
    this.#socket.setTimeout(ms, fn);
    return this;
  }

  override _read(): void {
    this.#full = false;
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#out.send(chunk.length, () => void this.#socket.write(chunk));
    this.#out.whenRoom(() => {
      // The far side may read slower than the way is long.
      if (this.#socket.writableNeedDrain) this.#socket.once("drain", done);
      else done();
    });
  }

  override _final(done: () => void): void {
    this.#out.send(0, () => void this.#socket.end());
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#out.close();
    this.#in.close();
    this.#socket.destroy();
    done(error);
  }
}
