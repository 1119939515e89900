/** What is between a pool and a runner, with both of them played by the test. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dispatch } from "../../src/dispatch.ts";
import { RunnerLostError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/options.ts";
import type { Pool } from "../../src/pool-handle.ts";
import type { AcquireRequest } from "../../src/pool/lease.ts";
import type { Attempt, Work, WorkOwner } from "../../src/runner/work.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { work } from "../runner/harness.ts";

/** A pool of as many runners as there are attempts, each of which ends one piece of work in its way. */
class Script {
  readonly clock = new FakeClock();
  readonly requests: AcquireRequest[] = [];
  released = 0;
  #next = 0;

  constructor(attempts: readonly (Attempt | Error)[]) {
    this.attempts = attempts;
  }
  readonly attempts: readonly (Attempt | Error)[];

  run(piece: Work, options: CallOptions = {}): Promise<unknown> {
    const core = { options: { queueTimeout: 1_000 }, acquire: (request: AcquireRequest) => this.#acquire(request) };
    return dispatch({ core, clock: this.clock } as unknown as Pool, piece, options);
  }

  #acquire(request: AcquireRequest): Promise<unknown> {
    this.requests.push({ ...request, ...(request.exclude === undefined ? {} : { exclude: new Set(request.exclude) }) });
    const number = (this.#next += 1);
    const attempt = this.attempts[number - 1];
    if (attempt === undefined) assert.fail("one attempt too many");
    if (attempt instanceof Error) return Promise.reject(attempt);
    const runner = {
      id: `r${number}`,
      run: (_work: Work, owner: WorkOwner) => (owner.settled(attempt), owner.ended()),
    };
    return Promise.resolve({ runner, release: () => void (this.released += 1) });
  }
}

const lost = (): RunnerLostError => new RunnerLostError("r1", "it is gone");

describe("dispatch", () => {
  test("goes elsewhere as often as it is sent back, never to the same runner again", async () => {
    const script = new Script([{ moved: true }, { moved: true }, { value: 1 }]);
    assert.equal(await script.run(work(() => 1)), 1);
    assert.deepEqual(
      script.requests.map(({ exclude }) => (exclude === undefined ? [] : [...exclude])),
      [[], ["r1"], ["r1", "r2"]],
    );
    assert.equal(script.released, 3);
  });

  test("runs it again after a loss only as often as the caller allows", async () => {
    const error = lost();
    await assert.rejects(new Script([{ lost: error }]).run(work(() => 1)), error);
    assert.equal(
      await new Script([{ lost: lost() }, { value: 2 }]).run(
        work(() => 1),
        { retry: 1 },
      ),
      2,
    );
    await assert.rejects(
      new Script([{ lost: lost() }, { lost: error }]).run(
        work(() => 1),
        { retry: 1 },
      ),
      error,
    );
  });

  test("never runs it again for an error of the function's own, whatever that is", async () => {
    for (const error of [lost(), new RunnerLostError("r9", "elsewhere", { outcome: "not-started" }), new Error("no")]) {
      const script = new Script([{ error }]);
      await assert.rejects(
        script.run(
          work(() => 1),
          { retry: 5 },
        ),
        error,
      );
      assert.equal(script.released, 1);
    }
  });

  test("notes the runner on errors that have none and can take it", async () => {
    const error = new Error("no");
    await assert.rejects(new Script([{ error }]).run(work(() => 1)), error);
    assert.equal((error as { runner?: string }).runner, "r1");
    assert.deepEqual(Object.keys(error), []);
    for (const odd of [Object.freeze(new Error("no")), "text", null, undefined])
      await assert.rejects(new Script([{ error: odd }]).run(work(() => 1)), (thrown) => thrown === odd);
  });

  test("gives the slot back when its signal aborted while that was on its way", async () => {
    const script = new Script([{ value: 1 }]);
    const controller = new AbortController();
    const call = script.run(work(() => 1, [], { signal: controller.signal }));
    const reason = new Error("changed my mind");
    controller.abort(reason);
    await assert.rejects(call, reason);
    assert.equal(script.released, 1);
  });

  test("asks for nothing when its signal aborted before", async () => {
    const script = new Script([]);
    const reason = new Error("never mind");
    await assert.rejects(script.run(work(() => 1, [], { signal: AbortSignal.abort(reason) })), reason);
    assert.deepEqual(script.requests, []);
  });
});
