/** What the conformance suite runs on runners. Whoever runs the suite and the runners both load this module. */
import { flame } from "../flame.ts";
import type { NamedFunction } from "../types.ts";

export const add: NamedFunction<[a: number, b: number], number> = flame.fn(
  "conformance/add",
  (a: number, b: number) => a + b,
);

export const echo: NamedFunction<[value: unknown], unknown> = flame.fn("conformance/echo", (value: unknown) => value);

export const pid: NamedFunction<[], number> = flame.fn("conformance/pid", () => process.pid);

export const exit: NamedFunction<[code: number], never> = flame.fn("conformance/exit", (code: number) =>
  process.exit(code),
);

export const fail: NamedFunction<[message: string], never> = flame.fn("conformance/fail", (message: string) => {
  const cause = new Error("the cause");
  throw Object.assign(new RangeError(message, { cause }), { code: "E_CONFORMANCE" });
});

/** Never ends. */
export const hang: NamedFunction<[], Promise<never>> = flame.fn("conformance/hang", () => new Promise<never>(() => {}));

/** Ends when it is told to. */
export const wait: NamedFunction<[until: Promise<void>], Promise<void>> = flame.fn(
  "conformance/wait",
  async (until: Promise<void>) => {
    await until;
  },
);

/** Ends only when its signal aborts; tells when it has started. */
export const untilAborted: NamedFunction<[started: () => void], Promise<void>> = flame.fn(
  "conformance/untilAborted",
  async (started: () => void) => {
    const signal = flame.context()?.signal as AbortSignal;
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    started();
    await aborted;
  },
);

export const upTo: NamedFunction<[n: number], AsyncGenerator<{ i: number; text: string }>> = flame.fn(
  "conformance/upTo",
  async function* (n: number) {
    for (let i = 0; i < n; i++) yield { i, text: "x".repeat(i % 100) };
  },
);

/** Yields a little, now and then, without end. */
export const endless: NamedFunction<[], AsyncGenerator<Uint8Array>> = flame.fn(
  "conformance/endless",
  async function* () {
    for (;;) {
      yield Buffer.alloc(1_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
);

/** Reads a stream to its end, and gives its length. */
export const total: NamedFunction<[stream: AsyncIterable<Uint8Array>], Promise<number>> = flame.fn(
  "conformance/total",
  async (stream: AsyncIterable<Uint8Array>) => {
    let bytes = 0;
    for await (const chunk of stream) bytes += chunk.length;
    return bytes;
  },
);

/** Calls a function of its caller so many times, one after another, and gives the sum. */
export const callBack: NamedFunction<[fn: (n: number) => Promise<number>, times: number], Promise<number>> = flame.fn(
  "conformance/callBack",
  async (fn: (n: number) => Promise<number>, times: number) => {
    let sum = 0;
    for (let i = 0; i < times; i++) sum += await fn(i);
    return sum;
  },
);

/** Something to be placed. */
export class Counter {
  #total = 0;
  add(by: number): number {
    this.#total += by;
    return this.#total;
  }
  hang(): Promise<never> {
    return new Promise(() => {});
  }
  async *upTo(n: number): AsyncGenerator<number> {
    for (let i = 1; i <= n; i++) yield i;
  }
}

export const makeCounter: NamedFunction<[], Counter> = flame.fn("conformance/makeCounter", () => new Counter());
