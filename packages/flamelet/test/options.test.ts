import assert from "node:assert/strict";
import { test } from "node:test";
import { OptionError } from "../src/errors.ts";
import {
  checkCallOptions,
  checkDuration,
  checkMapOptions,
  resolvePoolOptions,
  type CallOptions,
  type MapOptions,
  type PoolOptions,
} from "../src/options.ts";

/** What is said of options that are wrong. They come from JavaScript, or from JSON, so no type holds them back. */
function complaint(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    assert.ok(OptionError.is(error), String(error));
    assert.equal(error.code, "ERR_FLAME_OPTION");
    return error.message;
  }
  assert.fail("nothing was found wrong");
}

const pool = (options: unknown) => () => resolvePoolOptions("ffmpeg", options as PoolOptions);
const call = (options: unknown) => () => checkCallOptions("flame.call", options as CallOptions);
const map = (options: unknown) => () => checkMapOptions("flame.map", options as MapOptions);

test("the defaults are as documented", () => {
  assert.deepEqual(resolvePoolOptions("ffmpeg", {}), {
    min: 0,
    max: 10,
    maxConcurrency: 5,
    buffer: 0,
    idleShutdownAfter: 30_000,
    minIdleShutdownAfter: Infinity,
    bootTimeout: 30_000,
    queueTimeout: 60_000,
    timeout: 30_000,
    shutdownTimeout: 30_000,
    maxQueue: 10_000,
    placement: "pack",
    standby: { count: 0 },
    backend: null,
  });
});

test("undefined means the default", () => {
  assert.deepEqual(resolvePoolOptions("ffmpeg", { max: undefined }), resolvePoolOptions("ffmpeg", {}));
});

test("durations are above 0, and Infinity is one", () => {
  for (const option of [
    "idleShutdownAfter",
    "minIdleShutdownAfter",
    "bootTimeout",
    "queueTimeout",
    "timeout",
    "shutdownTimeout",
  ] as const) {
    for (const [wrong, shown] of [
      [0, "0"],
      [-5, "-5"],
      [NaN, "NaN"],
      ["30s", '"30s"'],
      [null, "null"],
      [5n, "5n"],
    ] as const) {
      assert.equal(
        complaint(pool({ [option]: wrong })),
        `option "${option}" of pool "ffmpeg" must be a number of milliseconds > 0, or Infinity, got ${shown}`,
      );
    }
    for (const right of [0.5, 1, 1e12, Infinity]) assert.equal(pool({ [option]: right })()[option], right);
  }
});

test("counts are whole and large enough", () => {
  for (const [option, least] of [
    ["min", 0],
    ["max", 1],
    ["maxConcurrency", 1],
    ["buffer", 0],
  ] as const) {
    for (const wrong of [least - 1, 1.5, NaN, Infinity, 2 ** 53]) {
      assert.equal(
        complaint(pool({ [option]: wrong })),
        `option "${option}" of pool "ffmpeg" must be a whole number ≥ ${least}, got ${wrong}`,
      );
    }
    assert.equal(pool({ [option]: 1 })()[option], 1);
  }
  assert.equal(
    complaint(pool({ maxQueue: -1 })),
    'option "maxQueue" of pool "ffmpeg" must be a whole number ≥ 0, or Infinity, got -1',
  );
  assert.equal(pool({ maxQueue: Infinity })().maxQueue, Infinity);
});

test("placement and backend are checked, and show nothing of what an object holds", () => {
  assert.equal(
    complaint(pool({ placement: "random" })),
    'option "placement" of pool "ffmpeg" must be "pack" or "spread", got "random"',
  );
  const message = complaint(pool({ backend: { token: "secret" } }));
  assert.match(message, /option "backend" of pool "ffmpeg" must be a backend.*, got an object$/);
  assert.equal(complaint(pool({ backend: "x".repeat(41) })).endsWith("got a long string"), true);
  assert.equal(complaint(pool({ backend: () => {} })).endsWith("got a function"), true);
});

test("standby has a count and a mode, and nothing else", () => {
  for (const wrong of [3, {}, { count: -1 }, { count: 1.5 }, { count: 1, mode: "cold" }, null])
    assert.match(
      complaint(pool({ standby: wrong })),
      /option "standby" of pool "ffmpeg" must be \{ count, mode \} with/,
    );
  assert.deepEqual(pool({ standby: { count: 3 } })().standby, { count: 3 });
  const before = pool({ standby: { count: 3 } })();
  const suspended = { standby: { count: 3, mode: "suspended" } } as const;
  assert.match(
    complaint(() => resolvePoolOptions("ffmpeg", suspended, before)),
    /mode .* cannot be changed/,
  );
  assert.equal(resolvePoolOptions("ffmpeg", suspended, pool({})()).standby.mode, "suspended");
});

test("options that contradict each other are found", () => {
  assert.equal(complaint(pool({ min: 11 })), 'option "min" of pool "ffmpeg" must be at most max (10), got 11');
  assert.equal(
    complaint(pool({ max: 2, maxConcurrency: 3, buffer: 7 })),
    'option "buffer" of pool "ffmpeg" must be at most max × maxConcurrency (6), got 7',
  );
});

test("all that is wrong is told at once", () => {
  assert.equal(
    complaint(pool({ max: 0, timeout: NaN, mn: 3 })),
    'option "max" of pool "ffmpeg" must be a whole number ≥ 1, got 0; ' +
      'option "timeout" of pool "ffmpeg" must be a number of milliseconds > 0, or Infinity, got NaN; ' +
      'pool "ffmpeg" has no option "mn": did you mean "min"?',
  );
});

test("unknown options are errors that know what was meant", () => {
  for (const [wrong, meant] of [
    ["maxConcurency", "maxConcurrency"],
    ["idleShutdown", "idleShutdownAfter"],
    ["idle_shutdown_after", "idleShutdownAfter"],
    ["queuetimeout", "queueTimeout"],
    ["shutdownTimeOut", "shutdownTimeout"],
  ]) {
    assert.equal(
      complaint(pool({ [wrong as string]: 1 })),
      `pool "ffmpeg" has no option "${wrong}": did you mean "${meant}"?`,
    );
  }
  assert.match(complaint(pool({ strategy: 1 })), /has no option "strategy": there are min, max, .*, backend$/);
});

test("names of Object.prototype are unknown options as well", () => {
  for (const name of ["toString", "constructor", "__proto__"]) {
    assert.match(complaint(pool(JSON.parse(`{"${name}": 1}`))), /has no option/);
  }
});

test("options must be an object, and a pool needs a name", () => {
  assert.equal(complaint(pool(null)), 'the options of pool "ffmpeg" must be an object, got null');
  assert.equal(complaint(pool([])), 'the options of pool "ffmpeg" must be an object, got an array');
  assert.match(
    complaint(() => resolvePoolOptions("", {})),
    /the name of a pool must be a string that is not empty, got ""/,
  );
});

test("what is resolved cannot be changed", () => {
  const resolved = resolvePoolOptions("ffmpeg", { max: 3 }) as { max: number };
  assert.throws(() => (resolved.max = 4), TypeError);
});

test("a patch keeps what it does not name, and is checked together with it", () => {
  const previous = resolvePoolOptions("ffmpeg", { min: 2, max: 3 });
  assert.deepEqual(resolvePoolOptions("ffmpeg", { max: 5 }, previous), { ...previous, max: 5 });
  assert.equal(
    complaint(() => resolvePoolOptions("ffmpeg", { max: 1 }, previous)),
    'option "min" of pool "ffmpeg" must be at most max (1), got 2',
  );
  const backend = { name: "other" } as NonNullable<PoolOptions["backend"]>;
  assert.match(
    complaint(() => resolvePoolOptions("ffmpeg", { backend }, previous)),
    /"backend" of pool "ffmpeg" cannot be changed/,
  );
});

test("call options", () => {
  call({})();
  call({ signal: new AbortController().signal, timeout: 1, queueTimeout: Infinity, key: "acme", retry: 0 })();
  call({ signal: undefined })();
  for (const [options, expected] of [
    [{ timeout: 0 }, 'option "timeout" of flame.call must be a number of milliseconds > 0, or Infinity, got 0'],
    [
      { queueTimeout: NaN },
      'option "queueTimeout" of flame.call must be a number of milliseconds > 0, or Infinity, got NaN',
    ],
    [{ key: 7 }, 'option "key" of flame.call must be a string, got 7'],
    [{ retry: -1 }, 'option "retry" of flame.call must be a whole number ≥ 0, got -1'],
    [{ retry: true }, 'option "retry" of flame.call must be a whole number ≥ 0, got true'],
    [{ signal: {} }, 'option "signal" of flame.call must be an AbortSignal, got an object'],
    [{ timeOut: 5 }, 'flame.call has no option "timeOut": did you mean "timeout"?'],
    [{ ordered: true }, 'flame.call has no option "ordered": there are signal, timeout, queueTimeout, key, retry'],
  ] as const) {
    assert.equal(complaint(call(options)), expected);
  }
});

test("map options are those of a call, and two more", () => {
  map({ concurrency: 50, ordered: false, timeout: 5 })();
  map({ concurrency: Infinity })();
  assert.equal(
    complaint(map({ concurrency: 0, ordered: 1 })),
    'option "concurrency" of flame.map must be a whole number ≥ 1, or Infinity, got 0; ' +
      'option "ordered" of flame.map must be true or false, got 1',
  );
  assert.match(complaint(map({ retry: 0.5 })), /option "retry" of flame.map/);
});

test("a duration that is an argument is named as such", () => {
  checkDuration("the timeout", 5);
  assert.equal(
    complaint(() => checkDuration("the timeout", 0)),
    "the timeout must be a number of milliseconds > 0, or Infinity, got 0",
  );
});
