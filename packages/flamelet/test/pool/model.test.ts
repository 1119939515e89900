/**
 * Thousands of random things happen to a pool, one after the other. After each, what the pool says and does must agree
 * with what an outsider knows who only counts: which runners were started and what became of them, who asked, who holds.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BootFailure } from "../../src/errors.ts";
import type { PoolOptions } from "../../src/options.ts";
import { Harness, type Ask, type FakeRunner } from "./harness.ts";

const SEEDS = 80;
const STEPS = 300;

/** A small generator of random numbers, from 0 up to and never 1, that gives the same ones for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Asked {
  readonly ask: Ask;
  readonly caller: AbortController;
  readonly exclude: ReadonlySet<string> | undefined;
  released: boolean;
}

class Model {
  readonly #random: () => number;
  readonly #h: Harness;
  readonly #asked: Asked[] = [];
  readonly #up = new Set<FakeRunner>();
  readonly #mute = new Set<FakeRunner>();
  readonly history: string[] = [];
  /** Whether a boot failed and none succeeded since: then the pool may wait before it boots. */
  #boots: "work" | "fail" = "work";
  #existedBefore = 0;
  #heldBefore = new Map<FakeRunner, number>();
  #drainedBefore = new Set<FakeRunner>();

  constructor(seed: number) {
    this.#random = mulberry32(seed);
    this.#h = new Harness(this.#someOptions(), this.#random);
  }

  async run(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      await this.#change();
      await this.#h.settle();
      this.#check();
    }
    await this.#finish();
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #oneOf<T>(all: readonly T[]): T | undefined {
    return all[this.#upTo(all.length)];
  }

  #someOptions(): PoolOptions {
    const max = 1 + this.#upTo(5);
    const maxConcurrency = 1 + this.#upTo(3);
    return {
      max,
      maxConcurrency,
      min: this.#upTo(max + 1),
      buffer: this.#upTo(3) === 0 ? this.#upTo(max * maxConcurrency + 1) : 0,
      maxQueue: 1 + this.#upTo(20),
      placement: this.#upTo(2) === 0 ? "pack" : "spread",
      idleShutdownAfter: 1000,
    };
  }

  get #existing(): FakeRunner[] {
    return this.#h.runners.filter((runner) => !runner.over);
  }

  get #booting(): FakeRunner[] {
    return this.#existing.filter((runner) => !this.#up.has(runner) && runner.told.length === 0);
  }

  get #ready(): FakeRunner[] {
    return this.#existing.filter((runner) => this.#up.has(runner) && runner.told.length === 0);
  }

  get #draining(): FakeRunner[] {
    return this.#existing.filter((runner) => runner.told.length > 0);
  }

  get #held(): Asked[] {
    return this.#asked.filter(({ ask, released }) => !released && ask.lease?.runner.over === false);
  }

  get #waiting(): Asked[] {
    return this.#asked.filter(({ ask }) => ask.state === "waiting");
  }

  #heldOn(runner: FakeRunner): number {
    return this.#held.filter(({ ask }) => ask.lease?.runner === runner).length;
  }

  async #change(): Promise<void> {
    this.#existedBefore = this.#existing.length;
    this.#heldBefore = new Map(this.#existing.map((runner) => [runner, this.#heldOn(runner)]));
    this.#drainedBefore = new Set(this.#draining);
    const dice = this.#upTo(100);
    if (dice < 30) this.#ask();
    else if (dice < 50) this.#release();
    else if (dice < 68) this.#boot(this.#oneOf(this.#booting));
    else if (dice < 72) this.#failBoot();
    else if (dice < 76) this.#abort();
    else if (dice < 79) this.#on(this.#ready, "leaves", (runner) => runner.leave());
    else if (dice < 82)
      this.#on([...this.#ready, ...this.#draining.filter((one) => this.#up.has(one))], "is lost", (one) => one.lose());
    else if (dice < 89) this.#on(this.#draining, "ends", (runner) => runner.retire());
    else if (dice < 93) this.#mutter();
    else if (dice < 95) this.#update();
    else await this.#wait();
  }

  #ask(): void {
    const caller = new AbortController();
    const excluded = this.#upTo(10) === 0 ? this.#oneOf(this.#ready) : undefined;
    const exclude = excluded === undefined ? undefined : new Set([excluded.id]);
    const key = this.#oneOf(["a", "b", undefined]);
    const queueTimeout = this.#oneOf([50, 500, 60_000]);
    this.history.push(`ask ${this.#asked.length}, exclude ${excluded?.id}, queueTimeout ${queueTimeout}`);
    const ask = this.#h.ask({ signal: caller.signal, key, exclude, queueTimeout });
    this.#asked.push({ ask, caller, exclude, released: false });
  }

  #release(): void {
    // Some are released again, or after their runner is gone: that must do nothing.
    const one = this.#oneOf(this.#upTo(5) === 0 ? this.#asked.filter(({ ask }) => ask.lease) : this.#held);
    if (one === undefined) return;
    this.history.push(`release ${this.#asked.indexOf(one)}`);
    one.released = true;
    one.ask.release();
  }

  #boot(runner: FakeRunner | undefined): void {
    if (runner === undefined) return;
    this.history.push(`${runner.id} is ready`);
    this.#up.add(runner);
    this.#boots = "work";
    runner.up();
  }

  #failBoot(): void {
    const runner = this.#oneOf(this.#booting);
    if (runner === undefined) return;
    const kind = this.#oneOf(["crash", "capacity", "timeout"]) as BootFailure;
    this.history.push(`${runner.id} does not boot: ${kind}`);
    this.#boots = "fail";
    runner.failBoot(kind);
  }

  #abort(): void {
    const one = this.#oneOf(this.#asked);
    if (one === undefined) return;
    this.history.push(`abort ${this.#asked.indexOf(one)}`);
    one.caller.abort();
  }

  #on(among: readonly FakeRunner[], what: string, happens: (runner: FakeRunner) => void): void {
    const runner = this.#oneOf(among);
    if (runner === undefined) return;
    this.history.push(`${runner.id} ${what}`);
    happens(runner);
  }

  #mutter(): void {
    const runner = this.#oneOf(this.#ready);
    if (runner === undefined) return;
    const answers = this.#mute.delete(runner);
    if (!answers) this.#mute.add(runner);
    this.history.push(`${runner.id} ${answers ? "answers" : "does not answer"}`);
    runner.respond(answers);
  }

  #update(): void {
    const options = this.#someOptions();
    this.history.push(`update ${JSON.stringify(options)}`);
    this.#h.pool.update(options);
  }

  async #wait(): Promise<void> {
    const ms = this.#upTo(400);
    this.history.push(`${ms} ms pass`);
    await this.#h.clock.advance(ms);
  }

  #check(): void {
    const { max, min, buffer, maxConcurrency, maxQueue } = this.#h.pool.options;
    const waiting = this.#waiting;
    const ready = this.#ready;
    const booting = this.#booting;
    assert.deepEqual(this.#h.pool.stats(), {
      runners: this.#existing.length,
      booting: booting.length,
      ready: ready.length,
      idle: ready.filter((runner) => this.#heldOn(runner) === 0).length,
      draining: this.#draining.length,
      standby: 0,
      inFlight: this.#held.length,
      queued: waiting.length,
    });
    for (const { ask } of this.#asked) assert.ok(ask.settled <= 1, "no acquire settles twice");

    assert.ok(this.#existing.length <= Math.max(max, this.#existedBefore), "never more than max runners exist");
    for (const runner of this.#existing) {
      const before = this.#heldBefore.get(runner) ?? 0;
      const limit = this.#drainedBefore.has(runner) ? before : Math.max(maxConcurrency, before);
      assert.ok(this.#heldOn(runner) <= limit, "no runner gets more than its slots, nor any while it drains");
    }
    assert.ok(ready.length <= max, "more ready runners than max drain");

    const newcomers = waiting.filter(({ exclude }) => exclude === undefined);
    assert.ok(newcomers.length <= Math.max(maxQueue, 20), "maxQueue holds");
    const answering = ready.filter((runner) => !this.#mute.has(runner));
    const free = answering.reduce((sum, runner) => sum + Math.max(0, maxConcurrency - this.#heldOn(runner)), 0);
    if (newcomers.length > 0) assert.equal(free, 0, "nobody waits while a slot is free");
    if (newcomers.length > 0 && booting.length === 0) {
      assert.ok(
        ready.every((runner) => this.#heldOn(runner) >= maxConcurrency),
        "nor beside a runner that does not answer, when none boots",
      );
    }

    const spare = this.#heldOnReady() + waiting.length > 0 ? buffer : 0;
    const missing = Math.ceil((waiting.length + Math.max(0, spare - free)) / maxConcurrency);
    const needed = Math.max(missing, min - ready.length, 0);
    assert.ok(booting.length <= needed, "boots that nobody needs are cancelled");
    if (this.#boots === "work" && this.#existing.length < max) {
      assert.ok(booting.length >= needed, "what is needed boots");
    }
  }

  #heldOnReady(): number {
    return this.#held.filter(({ ask }) => ask.lease?.runner.told.length === 0).length;
  }

  /** Now everything works, and everybody gives back: nobody may be left waiting, and nothing may be left over. */
  async #finish(): Promise<void> {
    for (let i = 0; i < 1000 && this.#waiting.length > 0; i++) {
      for (const runner of this.#booting) this.#boot(runner);
      for (const runner of this.#draining) runner.retire();
      for (const one of this.#held) {
        one.released = true;
        one.ask.release();
      }
      await this.#h.clock.advance(100);
    }
    for (const { ask } of this.#asked) assert.equal(ask.settled, 1, "every acquire settles exactly once");
    await this.#h.end();
  }
}

test(`${SEEDS} random histories of ${STEPS} steps each agree with a count from outside`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const model = new Model(seed);
    try {
      await model.run(STEPS);
    } catch (error) {
      throw new Error(`seed ${seed}, after:\n${model.history.slice(-40).join("\n")}`, { cause: error });
    }
  }
});
