import { Session as Inspector } from "node:inspector";
import { Server } from "../../src/child/serve.ts";
import { type RegisteredFunction, registerFunction } from "../../src/registry.ts";
import type { CallKind, CallListener, OutgoingCall, Refused } from "../../src/session/calls.ts";
import { memoryTransportPair } from "../../src/session/memory-transport.ts";
import { Session, type SessionOptions } from "../../src/session/session.ts";
import type { Transport } from "../../src/wire/transport.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { encode } from "../../src/wire/codec.ts";

type AnyFunction = (...args: any[]) => unknown;

let functions = 0;

/** Registers a named function; gives its id. */
export function named(run: AnyFunction): string {
  const id = `test/session-${(functions += 1)}`;
  register(id, run);
  return id;
}

export function register(id: string, run: AnyFunction, hash = ""): void {
  const entry: RegisteredFunction = { id, hash, captures: [], where: "here.ts:1:1", make: () => run };
  registerFunction(entry);
}

/** Lets everything that is due happen, and what follows from it. */
export async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** One call as a test looks at it. */
export class Probe implements CallListener {
  readonly log: string[] = [];
  readonly call: OutgoingCall;
  readonly #settled = Promise.withResolvers<unknown>();
  readonly #ended = Promise.withResolvers<void>();
  /** Its value; rejects with its error, or with `Refused`. */
  readonly value: Promise<unknown> = this.#settled.promise;
  readonly end: Promise<void> = this.#ended.promise;

  constructor(session: Session, fn: string, args: unknown[], options: CallOptions = {}) {
    this.value.catch(() => {});
    const { kind = "value", hash = "", timeout = Infinity } = options;
    const values = encode([[], args], { implicitCallbacks: true });
    this.call = session.call({ fn, hash, kind, timeout, values }, this);
  }

  get over(): boolean {
    return this.log.includes("ended");
  }

  started(): void {
    this.log.push("started");
  }
  result(value: unknown): void {
    this.log.push("result");
    this.#settled.resolve({ value });
  }
  failed(error: unknown): void {
    this.log.push("failed");
    this.#settled.reject(error);
  }
  refused(refused: Refused): void {
    this.log.push(`refused ${refused.refusal}`);
    this.#settled.reject(refused);
  }
  lost(error: unknown): void {
    this.log.push("lost");
    this.#settled.reject(error);
  }
  ended(): void {
    this.log.push("ended");
    this.#ended.resolve();
  }
}

export interface CallOptions {
  readonly kind?: CallKind;
  readonly hash?: string;
  readonly timeout?: number;
}

/** A parent's session and a runner's, over memory and on a clock that stands still. */
export class Pair {
  readonly clock = new FakeClock();
  readonly transports: readonly [Transport, Transport] = memoryTransportPair();
  readonly loaded = Promise.withResolvers<void>();
  readonly parent: Session;
  readonly runner: Session;
  readonly server: Server;
  readonly log: string[] = [];
  readonly errors: Error[] = [];

  constructor(options: Partial<SessionOptions> = {}) {
    const { clock, log } = this;
    const closed = (side: string) => (error?: Error) => {
      log.push(`${side} closed`);
      if (error !== undefined) this.errors.push(error);
    };
    this.loaded.resolve();
    this.server = new Server({ clock, runner: { id: "r1", pool: "p" }, loaded: this.loaded.promise });
    const session = { clock, heartbeat: Infinity, silence: Infinity, ...options };
    const [here, there] = this.transports;
    this.parent = new Session(
      here,
      {
        ready: () => log.push("ready"),
        leaving: (reason) => log.push(`leaving: ${reason}`),
        goodbye: () => log.push("goodbye"),
        closed: closed("parent"),
      },
      session,
    );
    this.runner = new Session(
      there,
      { call: (call) => this.server.call(call), drain: () => log.push("drain"), closed: closed("runner") },
      session,
    );
  }

  call(fn: string | AnyFunction, args: unknown[] = [], options: CallOptions = {}): Probe {
    return new Probe(this.parent, typeof fn === "string" ? fn : named(fn), args, options);
  }

  /** The value of a call. */
  async value(fn: string | AnyFunction, args: unknown[] = [], options: CallOptions = {}): Promise<any> {
    const { value } = (await this.call(fn, args, options).value) as { value: unknown };
    return value;
  }

  /** The value of a call, wrapped, since it may be something that would be awaited. */
  async wrapped(
    fn: AnyFunction,
    args: unknown[] = [],
    options: CallOptions = {},
  ): Promise<{ value: any; probe: Probe }> {
    const probe = this.call(fn, args, options);
    const { value } = (await probe.value) as { value: unknown };
    return { value, probe };
  }

  /** What is left in the tables of both sides; empty when nothing leaked. */
  get left(): Record<string, number> {
    const left: Record<string, number> = {};
    for (const [side, session] of [
      ["parent", this.parent],
      ["runner", this.runner],
    ] as const)
      for (const [table, size] of Object.entries(tablesOf(session))) if (size > 0) left[`${side}.${table}`] = size;
    if (this.server.running > 0) left["running"] = this.server.running;
    return left;
  }

  end(error: Error = new Error("the session is lost")): void {
    this.parent.abandon(error);
    this.runner.abandon(new Error("the parent is gone"));
  }
}

/** The sizes of a session's tables, which are nobody else's business. Only Node's inspector shows them, and at once. */
export function tablesOf(session: Session): Record<string, number> {
  if (process.versions["bun"] !== undefined || process.versions["deno"] !== undefined) return {};
  const inspector = new Inspector();
  inspector.connect();
  const host = globalThis as { inspected?: unknown };
  host.inspected = session;
  let result: any;
  const post = (method: string, parameters: object): any => {
    inspector.post(method, parameters, (error, value) => {
      if (error !== null) throw error;
      result = value;
    });
    return result;
  };
  const privates = (objectId: string): Map<string, any> =>
    new Map(
      post("Runtime.getProperties", { objectId, ownProperties: true }).privateProperties.map((property: any) => [
        property.name,
        property.value,
      ]),
    );
  const size = ({ objectId }: { objectId: string }): number =>
    post("Runtime.callFunctionOn", {
      objectId,
      functionDeclaration: "function () { return this.size }",
      returnByValue: true,
    }).result.value;
  try {
    const own = privates(post("Runtime.evaluate", { expression: "globalThis.inspected" }).result.objectId);
    const flows = privates(own.get("#flows").objectId);
    return {
      outgoing: size(own.get("#outgoing")),
      incoming: size(own.get("#incoming")),
      readying: size(own.get("#readying")),
      exports: size(privates(own.get("#exports").objectId).get("#table")),
      awaited: size(privates(own.get("#standIns").objectId).get("#awaited")),
      inflows: size(flows.get("#inflows")),
      outflows: size(flows.get("#outflows")),
    };
  } finally {
    delete host.inspected;
    inspector.disconnect();
  }
}
