/** A pool on a clock that stands still, with runners that do exactly what a test tells them to. */
import { type TestContext } from "node:test";
import assert from "node:assert/strict";
import { BootError, RunnerLostError, type BootFailure } from "../../src/errors.ts";
import { resolvePoolOptions, type PoolOptions } from "../../src/options.ts";
import type { AcquireRequest, Lease } from "../../src/pool/lease.ts";
import { PoolCore } from "../../src/pool/pool.ts";
import type { PoolEvents } from "../../src/pool/pool-events.ts";
import type { RunnerControl, RunnerListener } from "../../src/runner/runner-control.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

export class FakeRunner implements RunnerControl {
  readonly id: string;
  readonly bootTimeout: number;
  readonly #listener: RunnerListener;
  /** What the pool asked of it, in order: `drain 30000` or `kill`. */
  readonly told: string[] = [];
  over = false;

  constructor(id: string, listener: RunnerListener, bootTimeout: number) {
    this.id = id;
    this.#listener = listener;
    this.bootTimeout = bootTimeout;
  }

  drain(_reason: string, grace: number): void {
    this.told.push(`drain ${grace}`);
  }

  kill(_reason: string): void {
    this.told.push("kill");
  }

  up(): void {
    this.#listener.ready();
  }

  failBoot(failure: BootFailure, message = `it is ${failure}`): BootError {
    const error = new BootError(message, { failure });
    this.over = true;
    this.#listener.bootFailed(error);
    return error;
  }

  leave(reason = "its host stops it"): void {
    this.#listener.leaving(reason);
  }

  respond(yes: boolean): void {
    this.#listener.responsive(yes);
  }

  lose(why = "it was killed"): void {
    this.over = true;
    this.#listener.ended(new RunnerLostError(this.id, why));
  }

  retire(): void {
    this.over = true;
    this.#listener.ended(null);
  }
}

/** An acquire, and what became of it. */
export class Ask {
  lease: Lease<FakeRunner> | undefined;
  error: unknown;
  settled = 0;
  /** Whether the lease came at once, rather than as a promise. */
  readonly sync: boolean;

  constructor(answer: Lease<FakeRunner> | Promise<Lease<FakeRunner>>) {
    this.sync = !(answer instanceof Promise);
    if (!(answer instanceof Promise)) {
      this.lease = answer;
      this.settled = 1;
      return;
    }
    answer.then(
      (lease) => {
        this.lease = lease;
        this.settled++;
      },
      (error: unknown) => {
        this.error = error;
        this.settled++;
      },
    );
  }

  get runner(): string | undefined {
    return this.lease?.runner.id;
  }

  get state(): "waiting" | "leased" | "refused" {
    if (this.settled === 0) return "waiting";
    return this.lease === undefined ? "refused" : "leased";
  }

  release(): void {
    assert.ok(this.lease, "a slot is held");
    this.lease.release();
  }
}

export class Harness {
  readonly clock = new FakeClock();
  /** All runners that were ever started, oldest first. */
  readonly runners: FakeRunner[] = [];
  readonly pool: PoolCore<FakeRunner>;
  readonly heard: [name: string, event: Record<string, unknown> | undefined][] = [];
  /** Thrown by the next starts of a runner, while it is set. */
  startThrows: unknown;

  constructor(options: PoolOptions = {}, random: () => number = () => 0.5) {
    this.pool = new PoolCore("p", resolvePoolOptions("p", options), {
      clock: this.clock,
      random,
      start: (listener, bootTimeout) => {
        if (this.startThrows !== undefined) throw this.startThrows;
        const runner = new FakeRunner(`r${this.runners.length + 1}`, listener, bootTimeout);
        this.runners.push(runner);
        return runner;
      },
    });
  }

  /** Notes all events of these names in `heard`. */
  listen(...names: (keyof PoolEvents & string)[]): void {
    for (const name of names) {
      this.pool.events.on(name, (event?: object) => void this.heard.push([name, event as Record<string, unknown>]));
    }
  }

  ask(request: AcquireRequest = {}): Ask {
    return new Ask(this.pool.acquire(request));
  }

  asks(count: number, request: AcquireRequest = {}): Ask[] {
    return Array.from({ length: count }, () => this.ask(request));
  }

  runner(index: number): FakeRunner {
    const runner = this.runners[index];
    assert.ok(runner, `runner ${index + 1} was started`);
    return runner;
  }

  /** Makes all runners ready that boot, in the order in which they were started. */
  bootAll(): void {
    for (const runner of this.runners) if (!runner.over && runner.told.length === 0) runner.up();
  }

  /** Lets promise reactions run, at this instant. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  /** Closes the pool, lets what is left of its runners end, and looks for what it forgot. */
  async end(): Promise<void> {
    const closed = this.pool.close();
    for (const runner of this.runners) if (!runner.over) runner.retire();
    await closed;
    await this.settle();
    assert.equal(this.clock.pending, 0, "no timer is left");
    const { standby, ...counts } = this.pool.stats();
    assert.equal(standby, 0);
    for (const [name, count] of Object.entries(counts)) assert.equal(count, 0, `${name} is 0 in the end`);
  }
}

/** A pool for one test, which closes it at its end and finds what was forgotten. */
export function poolFor(t: TestContext, options: PoolOptions = {}, random?: () => number): Harness {
  const harness = new Harness(options, random);
  t.after(() => harness.end());
  return harness;
}
