import { ProtocolError } from "../errors.ts";
import { markImported } from "../wire/by-reference.ts";
import { encode, type Encoded, type Importer } from "../wire/codec.ts";
import { FAILED, Type } from "../wire/frames.ts";
import { unpackValue } from "../wire/message.ts";
import { CallbackPromise } from "./callback-promise.ts";
import type { Inflow, Outflow } from "./flow.ts";
import type { Flows } from "./flows.ts";
import { DISPOSE, exportLane, type Link, SELF } from "./link.ts";
import type { Scope } from "./scope.ts";

/** Runs a function or method over there. `standIn` is not collected meanwhile. */
export type Invoke = (id: number, method: number, args: Encoded, scope: Scope, standIn: object) => Promise<unknown>;

interface Awaited {
  readonly scope: Scope;
  readonly settle: (failed: boolean, value: unknown) => void;
}

/** Builds and keeps what stands here for things that live on the other side. */
export class StandIns {
  readonly #link: Link;
  readonly #flows: Flows;
  readonly #invoke: Invoke;
  /** Who this session is, for values that travel back to where they live. */
  readonly #owner: object;
  /** Waits for the one message that settles an id of theirs: a promise, a signal, a writable that is written. */
  readonly #awaited = new Map<number, Awaited>();
  /** Tells the other side of stand-ins that were forgotten. A saving only: what matters happens on disposal or at the call's end. */
  readonly #forgotten = new FinalizationRegistry<number>((id) =>
    this.#link.send(Type.RELEASE, 0, id, [], exportLane(id, false)),
  );

  constructor(link: Link, flows: Flows, owner: object, invoke: Invoke) {
    this.#link = link;
    this.#flows = flows;
    this.#owner = owner;
    this.#invoke = invoke;
  }

  /** How many of them wait to be settled. */
  get size(): number {
    return this.#awaited.size;
  }

  /** What the codec needs to build the stand-ins of one value. */
  importer(scope: Scope, home: (id: number) => unknown): Importer {
    return {
      function: (id) => this.#function(id, scope),
      object: (id, methods) => this.#object(id, methods, scope),
      readable: (id) => readableFrom(this.#consume(id, scope)),
      iterable: (id) => iterableFrom(this.#consume(id, scope)),
      writable: (id) => this.#writable(id, scope),
      promise: (id) => this.#promise(id, scope),
      signal: (id) => this.#signal(id, scope),
      home,
    };
  }

  #call(id: number, method: number, args: unknown[], scope: Scope, standIn: object): Promise<unknown> {
    let encoded: Encoded;
    try {
      encoded = encode(args, { implicitCallbacks: true });
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#invoke(id, method, encoded, scope, standIn);
  }

  #adopt<T extends object>(standIn: T, id: number): T {
    markImported(standIn, { owner: this.#owner, id });
    this.#forgotten.register(standIn, id, standIn);
    return standIn;
  }

  #function(id: number, scope: Scope): (...args: unknown[]) => Promise<unknown> {
    const remote = (...args: unknown[]): Promise<unknown> =>
      CallbackPromise.of(this.#call(id, SELF, args, scope, remote));
    return this.#adopt(remote, id);
  }

  #object(id: number, methods: readonly string[], scope: Scope): object {
    // No prototype, and only what was listed: `then` is never among it, so awaiting the stand-in gives the stand-in.
    const remote = Object.create(null) as Record<string | symbol, unknown>;
    methods.forEach((name, index) => {
      if (name === "then") return;
      const method = (...args: unknown[]): Promise<unknown> =>
        iterablePromise(this.#call(id, index, args, scope, remote));
      Object.defineProperty(remote, name, { value: method, enumerable: true });
    });
    let disposed: Promise<void> | null = null;
    const dispose = (): Promise<void> => (disposed ??= this.#dispose(id, scope, remote));
    Object.defineProperty(remote, Symbol.asyncDispose, { value: dispose });
    return this.#adopt(remote, id);
  }

  /** Disposing of what has ended already, with its call or its runner, is no error: it is what was wanted. */
  async #dispose(id: number, scope: Scope, remote: object): Promise<void> {
    this.#forgotten.unregister(remote);
    if (scope.over) return;
    try {
      await this.#call(id, DISPOSE, [], scope, remote);
    } catch (error) {
      if (!scope.over || error !== scope.reason) throw error;
    }
  }

  #consume(id: number, scope: Scope): Inflow {
    const inflow = this.#flows.consume(id, false, scope);
    inflow.onOver = scope.add((reason) => {
      this.#flows.forget(id, false);
      inflow.finish({ reason });
    });
    return inflow;
  }

  #writable(id: number, scope: Scope): WritableStream {
    let controller: WritableStreamDefaultController | null = null;
    let leave = (): void => {};
    const over = (): void => {
      this.#flows.forget(id, false);
      leave();
    };
    const flow: Outflow = this.#flows.produce(
      id,
      false,
      () => {},
      (reason) => {
        over();
        controller?.error(reason);
        this.#awaited.get(id)?.settle(true, reason);
      },
    );
    leave = scope.add((reason) => flow.stop(reason));
    return new WritableStream({
      start: (given) => {
        controller = given;
      },
      write: async (chunk) => {
        await flow.room();
        try {
          await this.#flows.chunk(id, false, chunk, flow, scope);
        } catch (reason) {
          // A chunk that cannot cross: the stream is broken on this side, and over there they must hear of it.
          this.#flows.close(id, false, { reason });
          over();
          throw reason;
        }
      },
      close: async () => {
        const written = this.#settled(id, scope);
        this.#flows.close(id, false);
        await written.finally(over);
      },
      abort: (reason) => {
        this.#flows.close(id, false, { reason });
        over();
      },
    });
  }

  #promise(id: number, scope: Scope): Promise<unknown> {
    const promise = this.#settled(id, scope);
    // Somebody may look at it much later, or never: that it rejected meanwhile is no reason to end this process.
    promise.catch(() => {});
    return promise;
  }

  #signal(id: number, scope: Scope): AbortSignal {
    const controller = new AbortController();
    let leave = (): void => {};
    const settle = (_failed: boolean, reason: unknown): void => {
      this.#awaited.delete(id);
      leave();
      controller.abort(reason);
    };
    this.#await(id, { scope, settle });
    leave = scope.add((reason) => {
      // Nobody can abort it any more. When its call did not just end, that is as good as an abort.
      this.#awaited.delete(id);
      if (!scope.completed) controller.abort(reason);
    });
    return controller.signal;
  }

  #await(id: number, awaited: Awaited): void {
    if (this.#awaited.has(id)) throw new ProtocolError(`${id} was handed over twice`);
    this.#awaited.set(id, awaited);
  }

  #settled(id: number, scope: Scope): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let leave = (): void => {};
      const settle = (failed: boolean, value: unknown): void => {
        if (!this.#awaited.delete(id)) return;
        leave();
        if (failed) reject(value);
        else resolve(value);
      };
      this.#await(id, { scope, settle });
      leave = scope.add((reason) => settle(true, reason));
    });
  }

  onSettle(flags: number, id: number, body: Buffer): void {
    const awaited = this.#awaited.get(id);
    if (awaited === undefined) return;
    const failed = (flags & FAILED) !== 0;
    let value: unknown;
    try {
      value = this.#link[failed ? "decode" : "decodeSettled"](unpackValue(body), awaited.scope);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      return awaited.settle(true, error);
    }
    awaited.settle(failed, value);
  }

  /** A writable of theirs has taken everything. */
  onWritten(id: number): void {
    this.#awaited.get(id)?.settle(false, undefined);
  }

  /** The session is over. */
  end(reason: unknown): void {
    for (const { settle } of this.#awaited.values()) settle(true, reason);
  }
}

function readableFrom(inflow: Inflow): ReadableStream {
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await inflow.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: (reason) => inflow.stop(reason),
    },
    { highWaterMark: 0 },
  );
}

function iterableFrom(inflow: Inflow): AsyncIterable<unknown> {
  const iterator: AsyncIterableIterator<unknown> = {
    next: () => inflow.next(),
    return: (value?: unknown) => {
      inflow.stop(new Error("the reader wants no more"));
      return Promise.resolve({ done: true, value });
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

/** A method that gives a stream can be iterated without awaiting it first. */
function iterablePromise(promise: Promise<unknown>): Promise<unknown> {
  async function* iterate(): AsyncGenerator<unknown> {
    yield* (await promise) as AsyncIterable<unknown>;
  }
  return Object.defineProperty(promise, Symbol.asyncIterator, { value: iterate });
}
