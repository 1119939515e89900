import { Readable, Writable } from "node:stream";
import type { Inflow } from "./flow.ts";

/** Something that gives chunks, however it was made: a web stream, a Node stream, an async iterable. */
interface Source {
  next(): Promise<IteratorResult<unknown>>;
  /** Ends it early; resolves when it has really ended. */
  cancel(reason: unknown): Promise<unknown>;
}

/** Node's `IncomingMessage`, known by a property of it: loading node:http would cost every start of a runner. */
function isHttpRequest(value: object): value is Readable {
  return value instanceof Readable && Object.hasOwn(value, "httpVersionMajor");
}

function open(value: object): Source {
  if (value instanceof ReadableStream) {
    const reader = value.getReader();
    return {
      next: () => reader.read() as Promise<IteratorResult<unknown>>,
      cancel: (reason) => reader.cancel(reason),
    };
  }
  const iterator = isHttpRequest(value)
    ? value.iterator({ destroyOnReturn: false })
    : (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    cancel: async (reason) => {
      // With a request that came by HTTP would go its connection, and with that the answer to it.
      if (isHttpRequest(value)) return void value.resume();
      if (value instanceof Readable) {
        // Its owner may listen for the error, but need not: it is what the other side wanted.
        value.on("error", () => {});
        value.destroy(reason instanceof Error ? reason : undefined);
      }
      return await iterator.return?.(undefined);
    },
  };
}

/** What a pump sends. */
export interface PumpTarget {
  /** Gives a promise when it has to wait for room for another chunk. Throws, or the promise rejects, when nobody wants any more. */
  room(): Promise<void> | undefined;
  /** Gives a promise when it has to wait before the next one. */
  chunk(chunk: unknown): Promise<void> | undefined;
  /** Resolves when that, and so all before it, is on the wire. */
  close(error?: { readonly reason: unknown }): Promise<void>;
}

/**
 * Moves everything from a source to a target. The source is not touched before `start`; after `stop` it is ended. `done`
 * resolves when the source has really ended, and what it gave is on the wire.
 */
export class Pump {
  readonly #value: object;
  readonly #target: PumpTarget;
  #source: Source | null = null;
  #stopped: { reason: unknown } | null = null;
  readonly #done = Promise.withResolvers<void>();
  readonly done: Promise<void> = this.#done.promise;

  constructor(value: object, target: PumpTarget) {
    this.#value = value;
    this.#target = target;
  }

  start(): void {
    if (this.#source === null && this.#stopped === null) void this.#run();
  }

  stop(reason: unknown): void {
    if (this.#stopped !== null) return;
    this.#stopped = { reason };
    const ended = this.#source === null ? endUnread(this.#value, reason) : this.#source.cancel(reason);
    ended.catch(() => {}).then(() => this.#done.resolve());
  }

  async #run(): Promise<void> {
    try {
      this.#source = open(this.#value);
      for (;;) {
        const full = this.#target.room();
        if (full !== undefined) await full;
        const next = await this.#source.next();
        if (this.#stopped !== null) return;
        if (next.done === true) break;
        const waits = this.#target.chunk(next.value);
        if (waits !== undefined) await waits;
      }
      await this.#target.close();
    } catch (reason) {
      if (this.#stopped !== null) return;
      const told = this.#target.close({ reason });
      await this.#source?.cancel(reason).catch(() => {});
      await told;
    }
    this.#done.resolve();
  }
}

/** Ends a source that nobody started to read: a file that was opened for it, say, is closed. Resolves when it has ended. */
export async function endUnread(value: object, reason: unknown): Promise<void> {
  await attempt(() => open(value))?.cancel(reason);
}

/**
 * Writes everything that arrives to a sink, and closes it. Resolves when it is closed; rejects, after telling the
 * producer, when the sink fails; ends the sink with the producer's reason when that fails.
 */
export async function drainInto(sink: WritableStream | Writable, inflow: Inflow): Promise<void> {
  let writer: WritableStreamDefaultWriter | null = null;
  try {
    for (;;) {
      const next = await inflow.next();
      // Not before there is something to write: a call that is sent elsewhere takes its sinks along untouched.
      writer ??= openSink(sink, inflow);
      if (next.done === true) break;
      await writer.ready;
      await writer.write(next.value);
    }
    await writer.close();
  } catch (reason) {
    inflow.stop(reason);
    await (writer ?? attempt(() => openSink(sink, inflow)))?.abort(reason).catch(() => {});
    throw reason;
  }
}

function openSink(sink: WritableStream | Writable, inflow: Inflow): WritableStreamDefaultWriter {
  const stream = sink instanceof Writable ? (Writable.toWeb(sink) as WritableStream) : sink;
  const writer = stream.getWriter();
  // It may fail while there is nothing to write, or long after it took what it failed on.
  writer.closed.catch((reason: unknown) => inflow.stop(reason));
  return writer;
}

function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch {
    return null;
  }
}
