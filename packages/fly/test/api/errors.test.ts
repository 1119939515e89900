import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { classify } from "../../src/api/classify.ts";
import {
  FlyAuthError,
  FlyCapacityError,
  FlyConflictError,
  FlyNotFoundError,
  FlyQuotaError,
  FlyRateLimitedError,
  FlyRequestError,
  FlyTransientError,
  FlyWaitTimeoutError,
} from "../../src/index.ts";

/** What Fly was seen to answer, and what it means. */
const ANSWERS: [number, unknown, new (...args: never[]) => Error, object?][] = [
  [401, { error: "Authenticate: token validation error" }, FlyAuthError],
  [403, { error: "unauthorized" }, FlyAuthError],
  [404, { error: "app not found" }, FlyNotFoundError],
  [404, "404 page not found", FlyNotFoundError],
  [429, "rate limit exceeded", FlyRateLimitedError, { retryAfter: null }],
  [400, { error: "invalid_argument: bad" }, FlyRequestError],
  [
    422,
    { error: "could not find a candidate host", status: "insufficient_capacity" },
    FlyCapacityError,
    { scope: "region" },
  ],
  [503, { error: "out of capacity", status: "insufficient_capacity" }, FlyCapacityError, { scope: "region" }],
  [400, { error: "no capacity" }, FlyCapacityError, { scope: "region" }],
  [
    409,
    {
      error:
        "aborted: could not reserve resource for machine: insufficient memory available to fulfill request on the current host",
    },
    FlyCapacityError,
    { scope: "host" },
  ],
  [409, { error: "aborted: no capacity" }, FlyCapacityError, { scope: "host" }],
  [
    412,
    {
      error: "insufficient resources to create new machine with existing volume id 'vol_x'",
      status: "volume_placement_capacity",
    },
    FlyCapacityError,
    { scope: "volume" },
  ],
  [
    422,
    { error: "Your organization has reached its machine limit. Please contact billing@fly.io" },
    FlyQuotaError,
    { elsewhere: false },
  ],
  [
    403,
    {
      error:
        'organization "x" is using 9 MB of memory in dfw which is over the allowed quota. please consider other regions',
    },
    FlyQuotaError,
    { elsewhere: true },
  ],
  [
    409,
    { error: 'already_exists: unique machine name violation, machine ID 148e21 already exists with name "a"' },
    FlyConflictError,
    { reason: "name", machineId: "148e21" },
  ],
  [
    422,
    { error: "Validation failed: Name has already been taken", status: "name_taken" },
    FlyConflictError,
    { reason: "name" },
  ],
  [
    409,
    {
      status: "error",
      message: "machine ID x lease currently held by y@tokens.fly.io, expires at 2026-01-01T00:00:00Z",
    },
    FlyConflictError,
    { reason: "lease" },
  ],
  [409, { error: "aborted: machine update failed due to concurrent update" }, FlyConflictError, { reason: "version" }],
  [
    412,
    { error: "failed_precondition: machine still active, refusing to start" },
    FlyConflictError,
    { reason: "state" },
  ],
  [
    408,
    { error: "deadline_exceeded: machine failed to reach desired state, started, currently stopped" },
    FlyWaitTimeoutError,
  ],
  [408, { error: "deadline_exceeded: create" }, FlyTransientError, { outcome: "unknown" }],
  [500, "", FlyTransientError],
  [502, "<html>", FlyTransientError],
];

describe("what Fly answers", () => {
  for (const [status, body, type, expected = {}] of ANSWERS)
    test(`${status} ${JSON.stringify(body).slice(0, 70)} is a ${type.name}`, () => {
      const error = classify("create machine", { status, body, headers: new Headers({ "fly-request-id": "01X-ams" }) });
      assert.equal(error.constructor, type);
      assert.equal(error.name, type.name);
      assert.equal(error.status, status);
      assert.equal(error.requestId, "01X-ams");
      assert.match(error.message, /^Fly could not create machine: .+/);
      for (const [field, value] of Object.entries(expected)) assert.equal((error as never)[field], value);
    });

  test("Retry-After is told in ms, as seconds or a date, and ignored when it is neither", () => {
    const after = (value: string): number | null =>
      (classify("x", { status: 429, body: "", headers: new Headers({ "retry-after": value }) }) as FlyRateLimitedError)
        .retryAfter;
    assert.equal(after("2"), 2_000);
    assert.equal(after("soon"), null);
    assert.equal(after(new Date(0).toUTCString()), 0);
    assert.ok((after(new Date(Date.now() + 60_000).toUTCString()) ?? 0) > 50_000);
  });
});
