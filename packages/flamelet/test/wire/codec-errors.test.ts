import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import {
  AuthError,
  BootError,
  BuildMismatchError,
  CallTimeoutError,
  FlameError,
  NotCompiledError,
  OptionError,
  PoolClosedError,
  ProtocolError,
  QueueFullError,
  QueueTimeoutError,
  RunnerLostError,
  SerializationError,
  UnknownFunctionError,
} from "../../src/errors.ts";
import * as flameErrors from "../../src/errors.ts";
import { encode } from "../../src/wire/codec.ts";
import { Unsendable } from "../../src/wire/unsendable.ts";
import { roundTrip } from "./codec-peer.ts";
import { onBun } from "../runtimes.ts";

/** All that people can see of an error. */
function visible(error: object): unknown {
  return {
    class: Object.getPrototypeOf(error),
    name: (error as Error).name,
    message: (error as Error).message,
    stack: (error as Error).stack,
    own: Object.fromEntries(Object.entries(error)),
    cause: (error as Error).cause,
    hidden: Object.getOwnPropertyNames(error)
      .filter((key) => !Object.keys(error).includes(key) && key !== "name")
      .sort(),
  };
}

test("every class of flamelet's errors is known on the other side", () => {
  for (const [name, { prototype }] of Object.entries(flameErrors)) {
    const got: object = roundTrip(Object.setPrototypeOf(new Error(name), prototype) as Error);
    assert.equal(Object.getPrototypeOf(got), prototype, name);
  }
});

describe("built-in errors keep their class", () => {
  const errors: Error[] = [
    new Error("plain"),
    new Error(""),
    new EvalError("e"),
    new RangeError("r"),
    new ReferenceError("r"),
    new SyntaxError("s"),
    new TypeError("t", { cause: "text" }),
    new URIError("u"),
    Object.assign(new Error("coded"), { code: "E_X", details: { tries: [1, 2] }, when: new Date(5) }),
  ];
  for (const error of errors) {
    test(`${error.name}: ${error.message}`, () => {
      assert.deepStrictEqual(visible(roundTrip(error)), visible(error));
      assert.deepStrictEqual(visible(roundTrip({ in: [error] }).in[0]), visible(error));
    });
  }

  test("an error of the system", async () => {
    const error: Error = await readFile("/nowhere/at/all").then(
      () => assert.fail("the file exists"),
      (reason: Error) => reason,
    );
    const got = roundTrip(error);
    assert.deepStrictEqual(visible(got), visible(error));
    assert.equal(got.code, "ENOENT");
  });

  test("an assertion error", () => {
    const error = new assert.AssertionError({ actual: 1, expected: 2, operator: "strictEqual" });
    const got = roundTrip(error);
    assert.equal(Object.getPrototypeOf(got), Error.prototype);
    assert.deepStrictEqual([got.name, got.code, got.actual, got.expected], ["AssertionError", "ERR_ASSERTION", 1, 2]);
    assert.equal(got.message, error.message);
  });

  test("AggregateError", () => {
    const error = new AggregateError([new TypeError("a"), "b"], "all", { cause: new Error("why") });
    const got = roundTrip(error);
    assert.ok(got instanceof AggregateError);
    assert.equal(got.errors.length, 2);
    assert.ok(got.errors[0] instanceof TypeError);
    assert.equal(got.errors[1], "b");
    assert.equal((got.cause as Error).message, "why");
    assert.deepStrictEqual(Object.keys(got), []);
  });

  test("DOMException", { skip: onBun("a DOMException has no stack") }, () => {
    const error = new DOMException("stop", "AbortError");
    const got = roundTrip(error);
    assert.ok(got instanceof DOMException && got instanceof Error);
    assert.deepStrictEqual([got.name, got.message, got.code, got.stack], ["AbortError", "stop", 20, error.stack]);
    assert.equal(roundTrip(AbortSignal.timeout(60_000).aborted), false);
  });

  test("a cause, and a chain of causes", () => {
    const error = new Error("top", { cause: new RangeError("middle", { cause: { code: 5 } }) });
    const got = roundTrip(error);
    assert.ok(got.cause instanceof RangeError);
    assert.deepStrictEqual((got.cause as Error).cause, { code: 5 });
    assert.equal(Object.getOwnPropertyDescriptor(got, "cause")?.enumerable, false);
  });

  test("errors that lead back to themselves", () => {
    const error: Error & { self?: unknown; owner?: unknown } = new Error("loop");
    error.cause = error;
    error.self = [error];
    const owner = { error };
    error.owner = owner;
    const got = roundTrip({ owner, error });
    assert.equal(got.error.cause, got.error);
    assert.equal(got.error.self[0], got.error);
    assert.equal(got.owner, got.error.owner);
    assert.equal(got.owner.error, got.error);
  });

  test("what an error shares with the rest of the value stays shared", () => {
    const shared = {};
    const got = roundTrip([shared, Object.assign(new Error("x"), { shared })]);
    assert.equal(got[1].shared, got[0]);
  });

  test("the stack is that of the place where it was thrown, also when it was taken away", () => {
    const error = new TypeError("bare");
    delete (error as { stack?: string }).stack;
    Object.defineProperty(error, "stack", { value: undefined });
    assert.equal(roundTrip(error).stack, "TypeError: bare");
    const own = new Error("here");
    assert.equal(roundTrip(own).stack, own.stack);
    assert.match(inspect(roundTrip(own)), /codec-errors\.test/);
  });
});

describe("errors of the app", () => {
  class PaymentError extends RangeError {
    override name = "PaymentError";
    readonly amount: number;
    constructor(amount: number) {
      super(`cannot pay ${amount}`);
      this.amount = amount;
    }
  }

  test("without a codec, they arrive as the nearest built-in class, with their name and properties", () => {
    const got = roundTrip(new PaymentError(5));
    assert.equal(Object.getPrototypeOf(got), RangeError.prototype);
    assert.deepStrictEqual([got.name, got.message, got.amount], ["PaymentError", "cannot pay 5", 5]);
  });

  test("a name that stands on the prototype crosses too", () => {
    class Odd extends Error {
      override get name(): string {
        return "OddName";
      }
    }
    assert.equal(roundTrip(new Odd("x")).name, "OddName");
    assert.deepStrictEqual(Object.keys(roundTrip(new Odd("x"))), []);
  });

  test("old-fashioned ones, made without the constructor of Error", () => {
    const error = Object.assign(Object.create(TypeError.prototype), { message: "old", code: 7 });
    const got = roundTrip(error);
    assert.equal(Object.getPrototypeOf(got), TypeError.prototype);
    assert.deepStrictEqual([got.message, got.code], ["old", 7]);
  });

  test("always cross: what hangs off them and cannot is undefined over there", async () => {
    const server = createServer();
    const error = Object.assign(new Error("request failed", { cause: server }), {
      config: { url: "/x", retry: () => {}, list: [Symbol("s"), 1] },
      response: { status: 502, request: server, body: new ReadableStream() },
      pending: Promise.resolve(1),
      weak: new WeakMap(),
      [Symbol("key")]: 1,
    });
    Object.defineProperty(error, "late", { enumerable: true, get: () => assert.fail("thrown by the getter") });
    const encoded = encode(error);
    assert.equal(encoded.exports.length, 0);
    const got = roundTrip(error);
    assert.equal(got.message, "request failed");
    assert.equal(got.cause, undefined);
    assert.deepStrictEqual(got.config, { url: "/x", retry: undefined, list: [undefined, 1] });
    assert.deepStrictEqual(got.response, { status: 502, request: undefined, body: undefined });
    assert.deepStrictEqual([got.pending, got.weak, got.late], [undefined, undefined, undefined]);
  });

  test("an error whose every part fails", () => {
    const error = new Error("x");
    for (const key of ["name", "message", "stack"])
      Object.defineProperty(error, key, {
        get: () => {
          throw new Error("no");
        },
      });
    const got = roundTrip(error);
    assert.ok(got instanceof Error);
    assert.equal(got.message, "");
  });

  test("but what is beside an error is refused as ever", () => {
    const fn = (): void => {};
    assert.throws(() => encode([Object.assign(new Error("x"), { fn }), fn]), { path: "[1]" });
  });
});

describe("errors of flamelet revive as their own class, with all fields", () => {
  const errors: FlameError[] = [
    new FlameError("ERR_FLAME_X", "base", { cause: new Error("c"), retryable: true }),
    new PoolClosedError("p"),
    new QueueFullError("p", 5),
    new QueueTimeoutError("p", 5, "booting", new Error("why")),
    new CallTimeoutError("a call", 5),
    new BootError("boot", { failure: "crash", output: ["a", "b"], exit: { code: 1, signal: null } }),
    new BootError("boot", { failure: "quota" }),
    new RunnerLostError("r1", "gone", { exit: { code: null, signal: "SIGKILL" } }),
    new SerializationError("s", "a.b"),
    new NotCompiledError("call", "x.ts:1"),
    new UnknownFunctionError("f", "hint"),
    new BuildMismatchError("build", "a", "b"),
    new OptionError("o"),
    new AuthError("a"),
    new ProtocolError("p"),
  ];
  for (const error of errors) {
    test(`${error.name} (${error.message.slice(0, 20)})`, () => {
      const got = roundTrip(error);
      const expected = visible(error) as { cause: unknown };
      assert.deepStrictEqual(visible(got), { ...expected, cause: got.cause });
      assert.equal((got.cause as Error | undefined)?.message, (expected.cause as Error | undefined)?.message);
      assert.ok(got instanceof error.constructor);
      assert.ok((error.constructor as typeof FlameError).is(got));
      assert.deepStrictEqual([got.code, got.outcome, got.retryable], [error.code, error.outcome, error.retryable]);
    });
  }

  test("an Unsendable arrives as a SerializationError", () => {
    const got = roundTrip(new Unsendable(["db", 0], "Socket", "why"));
    assert.equal(Object.getPrototypeOf(got), SerializationError.prototype);
    assert.equal(got.path, "db[0]");
  });

  test("one of another copy of flamelet arrives as one of ours", () => {
    const foreign = Object.assign(new Error("elsewhere"), { code: "ERR_FLAME_QUEUE_FULL", retryable: true });
    Object.defineProperty(foreign, "name", { value: "QueueFullError" });
    Object.defineProperty(foreign, Symbol.for("flamelet.error"), { value: true });
    const got = roundTrip(foreign);
    assert.ok(got instanceof QueueFullError);
    assert.equal(got.retryable, true);
  });
});
