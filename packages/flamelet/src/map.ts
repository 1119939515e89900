import { dispatch } from "./dispatch.ts";
import { checkMapOptions, type MapOptions } from "./options.ts";
import type { Pool } from "./pool-handle.ts";
import { prepare, type Prepared, workOf } from "./prepare.ts";

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * Runs a function for each item, at most `concurrency` at a time, and gives the values in the order of the items, or as
 * they are done. Items are taken while there is room, and values given meanwhile: neither waits for the other.
 */
export function mapOver(
  pool: Pool,
  items: Iterable<unknown> | AsyncIterable<unknown>,
  fn: (...args: never[]) => unknown,
  given: MapOptions,
): AsyncGenerator<unknown, void, undefined> {
  const options = { ...pool.callDefaults, ...given };
  checkMapOptions("flame.map", options);
  const prepared = prepare(pool, "map", fn);
  return run(pool, items, prepared, options);
}

async function* run(
  pool: Pool,
  items: Iterable<unknown> | AsyncIterable<unknown>,
  prepared: Prepared,
  options: MapOptions,
): AsyncGenerator<unknown, void, undefined> {
  options.signal?.throwIfAborted();
  const { max, maxConcurrency } = pool.core.options;
  const over = new AbortController();
  const signal = options.signal === undefined ? over.signal : AbortSignal.any([over.signal, options.signal]);
  const mapping = new Mapping(
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : (items as Iterable<unknown>)[Symbol.iterator](),
    async (item) => await dispatch(pool, workOf(pool, prepared, "value", [item], { ...options, signal }), options),
    options.concurrency ?? max * maxConcurrency,
    options.ordered ?? true,
  );
  const abort = (): void => mapping.fail(options.signal?.reason);
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    for (let outcome = await mapping.next(); outcome !== null; outcome = await mapping.next()) {
      if ("error" in outcome) throw outcome.error;
      yield outcome.value;
    }
  } finally {
    options.signal?.removeEventListener("abort", abort);
    over.abort(new Error("the map has ended"));
    await mapping.close();
  }
}

/** One run over the items. */
class Mapping {
  readonly #source: AsyncIterator<unknown> | Iterator<unknown>;
  readonly #run: (item: unknown) => Promise<unknown>;
  readonly #concurrency: number;
  readonly #ordered: boolean;
  /** Outcomes by the number of their item. In a Map, the first key is the one that came first. */
  readonly #done = new Map<number, Outcome>();
  #taken = 0;
  #given = 0;
  #taking = false;
  #exhausted = false;
  #failed: Outcome | null = null;
  #wake: () => void = () => {};

  constructor(
    source: AsyncIterator<unknown> | Iterator<unknown>,
    run: (item: unknown) => Promise<unknown>,
    concurrency: number,
    ordered: boolean,
  ) {
    this.#source = source;
    this.#run = run;
    this.#concurrency = concurrency;
    this.#ordered = ordered;
  }

  /** The next outcome, or null after the last. */
  async next(): Promise<Outcome | null> {
    for (;;) {
      if (this.#failed !== null) return this.#failed;
      void this.#take();
      const number = this.#ordered ? this.#given : this.#done.keys().next().value;
      const outcome = number === undefined ? undefined : this.#done.get(number);
      if (number !== undefined && outcome !== undefined) {
        this.#done.delete(number);
        this.#given += 1;
        return outcome;
      }
      if (this.#exhausted && this.#given === this.#taken) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Takes items while there is room. What was done but not asked for yet counts too, so that little piles up. */
  async #take(): Promise<void> {
    if (this.#taking) return;
    this.#taking = true;
    while (!this.#exhausted && this.#taken - this.#given < this.#concurrency) {
      const number = this.#taken;
      try {
        const next = await this.#source.next();
        // It may have ended meanwhile.
        if (next.done === true || this.#exhausted) {
          this.#exhausted = true;
        } else {
          this.#taken += 1;
          this.#start(number, next.value);
        }
      } catch (error) {
        // The source failed: that is the last outcome, in its place.
        this.#exhausted = true;
        this.#taken += 1;
        this.#done.set(number, { error });
      }
      this.#wake();
    }
    this.#taking = false;
  }

  #start(number: number, item: unknown): void {
    this.#run(item)
      .then(
        (value): Outcome => ({ value }),
        (error: unknown): Outcome => ({ error }),
      )
      .then((outcome) => {
        this.#done.set(number, outcome);
        this.#wake();
      });
  }

  /** Ends it at once, whatever it waits for. */
  fail(error: unknown): void {
    this.#failed = { error };
    this.#wake();
  }

  /**
   * Stops taking items, and lets the source clean up. That is not waited for while the source still makes the next item,
   * which may take for ever; nor does its failure hide why the map ended.
   */
  async close(): Promise<void> {
    if (this.#exhausted) return;
    this.#exhausted = true;
    const closed = Promise.resolve(this.#source.return?.()).catch(() => {});
    if (!this.#taking) await closed;
  }
}
