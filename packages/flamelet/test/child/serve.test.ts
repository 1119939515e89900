import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CallContext, currentContext } from "../../src/child/context.ts";
import { Server } from "../../src/child/serve.ts";
import { CallTimeoutError } from "../../src/errors.ts";
import { registerFunction, unregisterFunction } from "../../src/registry.ts";
import type { CallKind, IncomingCall, Refusal } from "../../src/session/calls.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

/** A call without a session: it notes what it is told. */
class FakeCall implements IncomingCall {
  readonly fn: string;
  readonly hash: string;
  readonly kind: CallKind;
  readonly timeout: number;
  readonly log: string[] = [];
  readonly args: unknown[];
  onCancel: ((reason: unknown) => void) | null = null;
  onEnded: (() => void) | null = null;

  constructor(fn: string, { hash = "", timeout = Infinity, args = [] as unknown[], kind = "value" as CallKind } = {}) {
    this.kind = kind;
    this.fn = fn;
    this.hash = hash;
    this.timeout = timeout;
    this.args = args;
  }
  values(): { captures: unknown[]; args: unknown[] } {
    return { captures: [], args: this.args };
  }
  start(): void {
    this.log.push("start");
  }
  result(value: unknown): void {
    this.log.push(`result ${String(value)}`);
    this.onEnded?.();
  }
  fail(error: unknown): void {
    this.log.push(`fail ${(error as Error).message}`);
    this.onEnded?.();
  }
  refuse(refusal: Refusal): void {
    this.log.push(`refuse ${refusal}`);
    this.onEnded?.();
  }
}

let ids = 0;
function register(run: (...args: any[]) => unknown, hash = "", id = `test/serve-${(ids += 1)}`): string {
  registerFunction({ id, hash, captures: [], where: "here.ts:1:1", make: () => run as never });
  return id;
}

type Load = (id: string, hash: string) => Promise<void>;

function serve(loaded: Promise<void> = Promise.resolve(), load?: Load): { server: Server; clock: FakeClock } {
  const clock = new FakeClock();
  const options = { clock, runner: { id: "r1", pool: "p" }, loaded, ...(load === undefined ? {} : { load }) };
  return { server: new Server(options), clock };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("calls that arrive at once", () => {
  /** Takes that long on the server's clock, without waiting for anything. */
  const works = (clock: FakeClock, log: string[]): string =>
    register((name: string, ms: number) => {
      log.push(`${name} starts`);
      clock.work(ms);
      return name;
    });

  class Told extends FakeCall {
    readonly #told: string[];
    constructor(told: string[], fn: string, name: string, ms: number) {
      super(fn, { args: [name, ms] });
      this.#told = told;
    }
    override result(value: unknown): void {
      this.#told.push(`${String(value)} is told`);
      super.result(value);
    }
  }

  test("and work for long: each is told of before the next one starts", async () => {
    const { server, clock } = serve();
    const log: string[] = [];
    const fn = works(clock, log);
    for (const name of ["a", "b", "c"]) server.call(new Told(log, fn, name, 100));
    assert.deepEqual(log, ["a starts"]);
    await turn();
    await turn();
    await turn();
    assert.deepEqual(log, ["a starts", "a is told", "b starts", "b is told", "c starts", "c is told"]);
    assert.equal(server.running, 0);
  });

  test("and are quick: they all start in that turn", async () => {
    const { server, clock } = serve();
    const log: string[] = [];
    const fn = works(clock, log);
    for (const name of ["a", "b", "c"]) server.call(new Told(log, fn, name, 1));
    assert.deepEqual(log, ["a starts", "b starts", "c starts"]);
    await turn();
    assert.equal(server.running, 0);
  });

  test("one that waits for its turn can be cancelled, and is sent back when the runner goes", async () => {
    const { server, clock } = serve();
    const log: string[] = [];
    const fn = works(clock, log);
    const [a, b, c] = ["a", "b", "c"].map((name) => new Told(log, fn, name, 100)) as [Told, Told, Told];
    for (const call of [a, b, c]) server.call(call);
    b.onCancel?.("no more");
    let idle = 0;
    server.drain(() => (idle += 1));
    await turn();
    await turn();
    assert.deepEqual(log, ["a starts", "a is told"]);
    assert.deepEqual(b.log, ["refuse draining"]);
    assert.deepEqual(c.log, ["refuse draining"]);
    assert.equal(idle, 1);
  });
});

describe("a function", () => {
  test("gets its arguments; a closure also the context, which all can ask for", async () => {
    const { server } = serve();
    const seen: unknown[][] = [];
    const named = new FakeCall(
      register((...args) => void seen.push([...args, currentContext()?.runner.id])),
      { args: [1] },
    );
    const closure = new FakeCall(
      register((...args) => void seen.push(args.map((arg) => (arg as CallContext).runner?.id ?? arg)), "abc"),
      { args: [1], hash: "abc" },
    );
    server.call(named);
    server.call(closure);
    await turn();
    assert.deepEqual(seen, [
      [1, "r1"],
      [1, "r1"],
    ]);
    assert.equal(currentContext(), null);
    assert.equal(server.running, 0);
  });

  test("finds its signal aborted when its time is over, and the clock stops when it ends", async () => {
    const { server, clock } = serve();
    let signal: AbortSignal | undefined;
    const release = Promise.withResolvers<void>();
    const late = new FakeCall(
      register(async () => {
        signal = currentContext()?.signal;
        await release.promise;
      }),
      { timeout: 100 },
    );
    server.call(late);
    server.call(
      new FakeCall(
        register(() => 1),
        { timeout: 100 },
      ),
    );
    await clock.advance(99);
    assert.equal(signal?.aborted, false);
    assert.equal(clock.pending, 1);
    await clock.advance(1);
    assert.ok(signal?.reason instanceof CallTimeoutError);
    release.resolve();
    await turn();
    assert.equal(late.log.length, 2);
    assert.match(late.log[1] as string, /^fail .* did not end within 100 ms/);
    assert.equal(clock.pending, 0);
  });

  test("that gives a placed child or a stream after its time has these ended, since nobody will get them", async () => {
    for (const kind of ["place", "stream"] as const) {
      const { server, clock } = serve();
      const release = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<void>();
      let log = "";
      const value =
        kind === "place"
          ? { [Symbol.asyncDispose]: async () => ((log += "disposed of "), await ended.promise) }
          : new ReadableStream({ cancel: async () => ((log += "cancelled "), await ended.promise) });
      const call = new FakeCall(
        register(async () => (await release.promise, value)),
        { timeout: 100, kind },
      );
      server.call(call);
      await clock.advance(100);
      release.resolve();
      await turn();
      assert.equal(log, kind === "place" ? "disposed of " : "cancelled ");
      assert.deepEqual(call.log, ["start"], "it has not ended yet");
      ended.resolve();
      await turn();
      assert.match(call.log[1] as string, /^fail .* did not end within 100 ms/);
      assert.equal(server.running, 0);
    }
  });

  test("that looks for its signal after it aborted finds it aborted", async () => {
    const { server } = serve();
    const release = Promise.withResolvers<void>();
    const call = new FakeCall(
      register(async () => {
        await release.promise;
        return currentContext()?.signal.reason;
      }),
    );
    server.call(call);
    call.onCancel?.(new Error("enough"));
    release.resolve();
    await turn();
    assert.deepEqual(call.log, ["start", "result Error: enough"]);
  });
});

describe("a function that is not there yet", () => {
  test("is waited for until the app is loaded, and a little longer", async () => {
    const loaded = Promise.withResolvers<void>();
    const { server, clock } = serve(loaded.promise);
    const call = new FakeCall("test/later-never");
    server.call(call);
    await clock.advance(60_000);
    assert.deepEqual(call.log, []);
    loaded.resolve();
    await clock.advance(1_999);
    assert.deepEqual(call.log, []);
    await clock.advance(1);
    assert.deepEqual(call.log, ["refuse unknown-function"]);
    assert.equal(clock.pending, 0);
  });

  test("runs once it is registered, but not before its module has run", async () => {
    const { server, clock } = serve();
    const call = new FakeCall("test/later-1");
    server.call(call);
    await clock.advance(1_000);
    // As compiled modules do it: first they register, then their own constants get their values.
    register(() => constant, "", "test/later-1");
    await Promise.resolve();
    const constant = 42;
    await turn();
    await turn();
    assert.deepEqual(call.log, ["start", "result 42"]);
    assert.equal(clock.pending, 0);
    unregisterFunction("test/later-1");
  });

  test("is loaded where its module can be found, and runs once all of that has been evaluated", async () => {
    const evaluated = Promise.withResolvers<void>();
    const asked: string[] = [];
    const { server } = serve(Promise.resolve(), async (id, hash) => {
      asked.push(id, hash);
      register(() => "found", "", id);
      await evaluated.promise;
    });
    const call = new FakeCall("test/later-4");
    server.call(call);
    await turn();
    await turn();
    assert.deepEqual(call.log, []);
    evaluated.resolve();
    await turn();
    assert.deepEqual(call.log, ["start", "result found"]);
    assert.deepEqual(asked, ["test/later-4", ""]);
    unregisterFunction("test/later-4");
  });

  test("whose module fails to load is refused", async () => {
    const { server } = serve(Promise.resolve(), () => Promise.reject(new Error("no database")));
    const call = new FakeCall("test/later-5");
    server.call(call);
    await turn();
    assert.deepEqual(call.log, ["refuse unknown-function"]);
  });

  test("is not waited for any more when the call is cancelled, or the runner drains", async () => {
    const { server, clock } = serve();
    const [cancelled, drained] = [new FakeCall("test/later-2"), new FakeCall("test/later-3")];
    server.call(cancelled);
    server.call(drained);
    await clock.advance(1);
    cancelled.onCancel?.(new Error("enough"));
    assert.deepEqual(cancelled.log, ["refuse draining"]);
    let idle = false;
    server.drain(() => void (idle = true));
    assert.deepEqual(drained.log, ["refuse draining"]);
    assert.equal(idle, true);
    assert.equal(clock.pending, 0);
    register(() => assert.fail("must not run"), "", "test/later-3");
    await turn();
    assert.deepEqual(drained.log, ["refuse draining"]);
    unregisterFunction("test/later-3");
  });
});

describe("draining", () => {
  test("refuses what is new, and tells everybody who asked when the rest has ended", async () => {
    const { server } = serve();
    const release = Promise.withResolvers<void>();
    server.call(new FakeCall(register(() => release.promise)));
    const told: string[] = [];
    const tell = (what: string) => () => void told.push(what);
    server.drain(tell("first"));
    server.drain(tell("second"));
    const late = new FakeCall(register(() => assert.fail("must not run")));
    server.call(late);
    assert.deepEqual(late.log, ["refuse draining"]);
    await turn();
    assert.deepEqual(told, []);
    release.resolve();
    await turn();
    assert.deepEqual(told, ["first", "second"]);
    server.drain(tell("at once"));
    assert.deepEqual(told, ["first", "second", "at once"]);
  });
});
