import type { Writable } from "node:stream";
import { ProtocolError, SerializationError } from "../errors.ts";
import { encode, type Encoded, type Export } from "../wire/codec.ts";
import { FAILED, MINE, Type } from "../wire/frames.ts";
import type { PackedValue } from "../wire/message.ts";
import type { Flows } from "./flows.ts";
import { DISPOSE, exportLane, type Link, SELF } from "./link.ts";
import { drainInto, Pump } from "./pump.ts";
import { Scope } from "./scope.ts";

type Method = (...args: unknown[]) => unknown;

interface Exported extends Export {
  readonly scope: Scope;
  /** Whether the object was made for the other side alone, and is disposed of when that is done with it. */
  readonly owned: boolean;
  /** Whether it keeps its call open, and so does what it hands out in turn. */
  readonly hold: boolean;
  /** Takes it out of all tables, and lets go of what it kept open. Doing so again does nothing. */
  readonly remove: () => void;
  /** Of a signal: stops listening to it. */
  unwatch: (() => void) | null;
  /** Of an object that is being disposed of: settles when that is done. */
  disposal: Promise<void> | null;
}

/** How the value of an export belongs to its call. */
export interface AttachOptions {
  /** The work has not ended while what the value hands out is in use. */
  readonly hold: boolean;
  /** The objects that it hands out are disposed of with their stand-ins. */
  readonly owned?: boolean;
}

/** Whether a value holds anything that has to be attached. */
export function handsOver({ exports, homes }: Encoded): boolean {
  return exports.length > 0 || homes.length > 0;
}

/** How an invocation went. */
export interface Invoked {
  readonly failed: boolean;
  readonly value: unknown;
  readonly scope: Scope;
  /** To be called when the answer is on the wire. */
  readonly answered: () => void;
}

/** What of ours the other side can reach. An id from the wire is looked up in here and nowhere else. */
export class Exports {
  readonly #link: Link;
  readonly #flows: Flows;
  /** Who this session is, for values that travel back to where they live. */
  readonly #owner: object;
  readonly #table = new Map<number, Exported>();

  constructor(link: Link, flows: Flows, owner: object) {
    this.#link = link;
    this.#flows = flows;
    this.#owner = owner;
  }

  /** How many things of ours are out. */
  get size(): number {
    return this.#table.size;
  }

  /** The original of a value that comes home. That it is not out any more can be the fault of whoever kept it for too long. */
  home(id: number): unknown {
    const entry = this.#table.get(id);
    if (entry === undefined)
      throw new SerializationError("a value came home after it was released, or after its call had ended");
    return entry.value;
  }

  /** Makes what a value hands out reachable, as members of `scope`. Throws when it holds something that lives elsewhere. */
  attach(encoded: Encoded, scope: Scope, options: AttachOptions): void {
    for (const { owner } of encoded.homes) {
      if (owner !== this.#owner)
        throw new SerializationError("a value that lives on one runner cannot be sent to another");
    }
    for (const exported of encoded.exports) this.#add(exported, scope, options);
  }

  #add(exported: Export, scope: Scope, { hold, owned = false }: AttachOptions): void {
    const { id, kind } = exported;
    // A signal that never aborts would hold its call for ever.
    const letGo = hold && kind !== "signal" ? scope.hold() : () => {};
    let leave = (): void => {};
    const remove = (): void => {
      this.#table.delete(id);
      this.#flows.forget(id, true);
      entry.unwatch?.();
      leave();
      letGo();
    };
    const entry: Exported = {
      ...exported,
      scope,
      owned: owned && kind === "object",
      hold,
      remove,
      unwatch: null,
      disposal: null,
    };
    this.#table.set(id, entry);
    if (kind === "readable" || kind === "iterable") this.#offer(entry);
    // Last, since a scope that is over ends it at once.
    leave = scope.add((reason) => this.#end(entry, reason));
  }

  /** Takes back what a value handed out, untouched, so that it can be handed out again elsewhere. */
  takeBack(encoded: Encoded): void {
    for (const { id } of encoded.exports) this.#table.get(id)?.remove();
  }

  /** Ends what a value handed out: it will not arrive. */
  drop(encoded: Encoded): void {
    for (const { id } of encoded.exports) this.released(id);
  }

  /** A stream of ours: chunks go out once the other side wants them. */
  #offer(entry: Exported): void {
    const { id, scope, hold } = entry;
    const flow = this.#flows.produce(
      id,
      true,
      () => pump.start(),
      (reason) => pump.stop(reason),
    );
    const pump = new Pump(entry.value, {
      room: () => flow.room(),
      chunk: (chunk) => this.#flows.chunk(id, true, chunk, flow, scope, { hold }),
      close: (error) => new Promise((resolve) => this.#flows.close(id, true, error, resolve)),
    });
    void pump.done.then(entry.remove);
  }

  /** The value is on the wire: from here on, what happens to its promises, signals and writables may follow it. */
  activate(encoded: Encoded): void {
    for (const { id } of encoded.exports) {
      const entry = this.#table.get(id);
      if (entry?.kind === "promise") this.#watchPromise(entry);
      else if (entry?.kind === "signal") this.#watchSignal(entry);
      else if (entry?.kind === "writable") this.#receive(entry);
    }
  }

  #watchPromise(entry: Exported): void {
    (entry.value as Promise<unknown>).then(
      (value) => this.#settle(entry, false, value),
      (error: unknown) => this.#settle(entry, true, error),
    );
  }

  #watchSignal(entry: Exported): void {
    const signal = entry.value as AbortSignal;
    const abort = (): void => this.#settle(entry, false, signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    entry.unwatch = () => signal.removeEventListener("abort", abort);
  }

  /** Tells how a promise settled or why a signal aborted, and forgets it once that is on the wire: no sooner can its call end. */
  #settle(entry: Exported, failed: boolean, value: unknown): void {
    const { id, kind, scope, hold, remove } = entry;
    if (this.#table.get(id) !== entry) return;
    const lane = exportLane(id, true);
    try {
      const flags = failed ? MINE | FAILED : MINE;
      this.#link.sendValue(Type.SETTLE, flags, id, encode(value), lane, scope, { hold, onWritten: remove });
    } catch (error) {
      // A value that cannot cross is an error of its own; a reason that cannot is told as text.
      const reason = failed || kind === "signal" ? value : error;
      this.#link.send(Type.SETTLE, MINE | FAILED, id, this.#link.packReason(reason), lane, remove);
    }
  }

  /** A writable of ours: what the other side writes goes into it. */
  #receive(entry: Exported): void {
    const inflow = this.#flows.consume(entry.id, true, entry.scope);
    drainInto(entry.value as WritableStream | Writable, inflow)
      .then(() => this.#link.send(Type.RELEASE, MINE, entry.id, [], exportLane(entry.id, true)))
      .catch(() => {}) // The producer has been told by then.
      .then(entry.remove);
  }

  /** Runs a function or method for the other side. `answered` is to be called when the answer is on its way. */
  async invoke(id: number, method: number, packed: PackedValue): Promise<Invoked> {
    const entry = this.#table.get(id);
    const scope = entry?.scope ?? new Scope();
    // The work may end with what is disposed of here, and the news of that must not overtake the answer.
    const answered = method === DISPOSE && entry !== undefined ? entry.remove : () => {};
    try {
      if (entry === undefined) throw new ProtocolError("what was called has been released, or its call has ended");
      return { failed: false, value: await this.#run(entry, method, packed), scope, answered };
    } catch (error) {
      return { failed: true, value: error, scope, answered };
    }
  }

  async #run(entry: Exported, method: number, packed: PackedValue): Promise<unknown> {
    if (method === DISPOSE && entry.kind === "object") {
      this.#table.delete(entry.id);
      entry.disposal = entry.owned ? disposeOf(entry.value) : Promise.resolve();
      return await entry.disposal;
    }
    const fn = method === SELF && entry.kind === "function" ? (entry.value as Method) : entry.methods?.[method];
    if (fn === undefined) throw new ProtocolError(`there is no method ${method}`);
    const args = this.#link.decode(packed, entry.scope);
    if (!Array.isArray(args)) throw new ProtocolError("an invocation carries no arguments");
    return await Reflect.apply(fn, method === SELF ? undefined : entry.value, args);
  }

  /** The other side has forgotten its stand-in. */
  released(id: number): void {
    const entry = this.#table.get(id);
    if (entry !== undefined) this.#end(entry, new Error("nobody uses it any more"));
  }

  /** Ends one export; what it keeps open is let go when it has really ended. */
  #end(entry: Exported, reason: unknown): void {
    // Who disposes of it may be gone before the answer is.
    if (!this.#table.delete(entry.id)) return void entry.disposal?.then(entry.remove, entry.remove);
    switch (entry.kind) {
      case "readable":
      case "iterable":
        return this.#flows.stopProducing(entry.id, reason);
      case "writable":
        if (this.#flows.failConsuming(entry.id, reason)) return;
        return entry.remove();
      case "object":
        if (!entry.owned) return entry.remove();
        return void disposeOf(entry.value).catch(reportDisposal).then(entry.remove);
      default:
        return entry.remove();
    }
  }
}

export async function disposeOf(value: object): Promise<void> {
  const disposable = value as Partial<AsyncDisposable & Disposable>;
  if (disposable[Symbol.asyncDispose] !== undefined) await disposable[Symbol.asyncDispose]?.();
  else disposable[Symbol.dispose]?.();
}

function reportDisposal(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`disposing of a placed child failed: ${text}`, "FlameletWarning");
}
