import {
  BootError,
  CallTimeoutError,
  FlameError,
  PoolClosedError,
  QueueFullError,
  QueueTimeoutError,
  RunnerLostError,
  SerializationError,
} from "../src/errors.ts";
import type { Task } from "./functions.ts";
import type { PoolModel } from "./model.ts";
import type { Provider } from "./provider.ts";
import type { World } from "./world.ts";

export type CallVerb = "call" | "cast" | "stream" | "place" | "map" | "callBack" | "feed" | "ref";

/** What is known of the world in which a call is judged. */
export interface Bench {
  readonly world: World;
  readonly provider: Provider;
  readonly model: PoolModel;
  /** Whether anything was done to the parent, a machine or a connection so far. */
  readonly disturbed: () => boolean;
}

/** One thing that a user asked for, and what became of it. */
export class Call {
  readonly id: number;
  readonly verb: CallVerb;
  readonly task: Task;
  readonly options: { readonly timeout: number; readonly queueTimeout: number; readonly retry: number };
  readonly controller: AbortController = new AbortController();
  readonly made: number;
  /** How long it may take on a runner when all is well, in ms: its work, and its user's. */
  readonly takes: number;
  /** The calls that it consists of: itself, or, of a map, one for each item. */
  readonly parts: Call[] = [this];
  settled: "value" | "error" | null = null;
  #entries = 0;
  #outcome: "not-started" | null = null;
  readonly #bench: Bench;

  constructor(id: number, verb: CallVerb, task: Task, options: Call["options"], takes: number, bench: Bench) {
    this.id = id;
    this.verb = verb;
    this.task = task;
    this.options = options;
    this.takes = takes;
    this.#bench = bench;
    this.made = bench.world.now;
  }

  /** By when it must have settled once nothing goes wrong any more, in ms from then. */
  get bound(): number {
    const { timeout, queueTimeout, retry } = this.options;
    if (this.controller.signal.aborted) return 30_000;
    // The time limit of a placed child is for making it.
    const takes = this.verb === "place" ? this.takes : Math.min(timeout, this.takes);
    return queueTimeout + (retry + 1) * (takes + 15_000);
  }

  /** Its function was entered. */
  enter(): void {
    this.#entries += 1;
    if (this.#entries > 1 + this.options.retry) this.#fail(`was entered ${this.#entries} times`);
    if (this.#outcome === "not-started") this.#fail('was entered after its caller was told "not started"');
  }

  value(): void {
    if (this.#settle("value") && this.parts.some((part) => part.#entries === 0 && part.verb !== "cast"))
      this.#fail("has a value, and was never entered");
  }

  error(error: unknown): void {
    if (!this.#settle("error")) return;
    this.#bench.world.log("parent", `call ${this.id} rejects: ${describe(error)}`);
    if (FlameError.is(error) && error.outcome === "not-started") {
      this.#outcome = "not-started";
      if (this.parts.length === 1 && this.#entries > 0)
        this.#fail(`was entered, and its caller was told "not started": ${describe(error)}`);
    }
    const wrong = this.#judge(error);
    if (wrong !== null) this.#fail(`${wrong}: ${describe(error)}`);
  }

  #settle(how: "value" | "error"): boolean {
    if (how === "value") this.#bench.world.log("parent", `call ${this.id} resolves`);
    if (this.settled !== null) this.#fail("settled twice");
    this.settled = how;
    return true;
  }

  /** What is wrong with being told this, or null. */
  #judge(error: unknown): string | null {
    const { signal } = this.controller;
    const { timeout, queueTimeout } = this.options;
    const { model, world } = this.#bench;
    const waited = world.now - this.made;
    if (signal.aborted && error === signal.reason) return null;
    if (error instanceof RangeError) {
      const own = this.parts.some((part) => error.message === `the error of call ${part.id}` && part.#entries > 0);
      return own && this.task.end === "error" ? null : "has an error that is not its own";
    }
    if (SerializationError.is(error)) return this.task.end === "unsendable" ? null : "could not cross";
    if (PoolClosedError.is(error)) return model.closing ? null : "found the pool closed, which is open";
    if (QueueFullError.is(error)) return null;
    if (QueueTimeoutError.is(error)) return waited >= queueTimeout - 5 ? null : "ran out of queue time too early";
    if (CallTimeoutError.is(error)) return waited >= timeout - 5 ? null : "ran out of time too early";
    if (BootError.is(error)) {
      if (error.permanent && !this.#bench.provider.doomed) return "saw a boot fail for good, which any other may not";
      return this.#bench.provider.faulty || this.#bench.disturbed() ? null : "saw a boot fail";
    }
    if (!RunnerLostError.is(error)) return "got an error that nobody can have given it";
    const id = error.runner ?? "";
    if (model.touched(id) !== null || model.expired(id)) return null;
    return "lost its runner, to which nothing had happened";
  }

  #fail(what: string): void {
    this.#bench.world.fail(`${this.verb} ${this.id} ${what}`);
  }
}

function describe(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.split("\n", 1)[0] as string;
}
