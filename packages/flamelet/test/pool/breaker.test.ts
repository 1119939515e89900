import assert from "node:assert/strict";
import { test } from "node:test";
import { BootError, type BootFailure } from "../../src/errors.ts";
import { BootBreaker } from "../../src/pool/breaker.ts";

function failure(kind: BootFailure): BootError {
  return new BootError(kind, { failure: kind });
}

test("the wait doubles with each failure in a row, up to 30 s, and starts anew after a success", () => {
  const breaker = new BootBreaker(() => 0.999_999);
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    breaker.failed(failure("capacity"), breaker.era, 1000);
    waits.push(Math.round(breaker.notBefore - 1000));
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  breaker.succeeded();
  assert.equal(breaker.notBefore, -Infinity);
  assert.equal(breaker.lastError, null);
  breaker.failed(failure("capacity"), breaker.era, 0);
  assert.equal(Math.round(breaker.notBefore), 1000);
});

test("the jitter is full: anything from next to nothing up to the whole wait", () => {
  const breaker = new BootBreaker(() => 0);
  breaker.failed(failure("quota"), breaker.era, 50);
  assert.equal(breaker.notBefore, 51);
});

test("three failures in a row open it: one boot at a time; the first success closes it", () => {
  const breaker = new BootBreaker(() => 0.5);
  const limits: number[] = [];
  for (let i = 0; i < 4; i++) {
    limits.push(breaker.limit);
    breaker.failed(failure("timeout"), breaker.era, 0);
  }
  assert.deepEqual(limits, [Infinity, Infinity, Infinity, 1]);
  assert.equal(breaker.limit, 1);
  breaker.succeeded();
  assert.equal(breaker.limit, Infinity);
});

test("boots that failed together open it, but make the wait longer only once", () => {
  const breaker = new BootBreaker(() => 0.5);
  const { era } = breaker;
  for (let i = 0; i < 5; i++) breaker.failed(failure("capacity"), era, 100 + i);
  assert.equal(breaker.notBefore, 100 + 500);
  assert.equal(breaker.limit, 1);
});

test("a permanent failure cools down for a second, whatever the jitter", () => {
  const breaker = new BootBreaker(() => 0);
  breaker.failed(failure("config"), breaker.era, 100);
  assert.equal(breaker.permanent, true);
  assert.equal(breaker.cooling(1099), true);
  assert.equal(breaker.cooling(1100), false);
  assert.ok(breaker.notBefore >= 1100);
  assert.equal(breaker.limit, 1);
});

test("who asks anew cuts the wait short after a permanent failure, but not while it cools down", () => {
  const breaker = new BootBreaker(() => 0.9);
  for (let i = 0; i < 4; i++) breaker.failed(failure("crash"), breaker.era, 0);
  assert.equal(breaker.notBefore, 7200);
  assert.equal(breaker.lift(999), false);
  assert.equal(breaker.notBefore, 7200);
  assert.equal(breaker.lift(1000), true);
  assert.equal(breaker.notBefore, 1000);
  assert.equal(breaker.lift(1000), false, "it is lifted already");
});

test("who asks anew does not cut the wait short after a transient failure", () => {
  const breaker = new BootBreaker(() => 0.9);
  breaker.failed(failure("transient"), breaker.era, 0);
  assert.equal(breaker.lift(800), false);
  assert.equal(breaker.notBefore, 900);
});
