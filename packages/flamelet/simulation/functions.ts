import { flame } from "../src/index.ts";
import type { Place, SimulatedMachine } from "./machine.ts";
import type { World } from "./world.ts";

/** What a function of the simulation is asked to do. */
export interface Task {
  /** Which call it belongs to. */
  readonly call: number;
  /** How long it takes; of a stream, each chunk. */
  readonly ms: number;
  /** Whether it stops when its signal aborts. */
  readonly heeds: boolean;
  readonly end: TaskEnd;
  /** How many bytes it gives; of a stream, each chunk. */
  readonly size: number;
  readonly chunks: number;
}

/** How it ends: with its value, an error, never, by ending its process, or with a value that cannot cross; it may block its event loop first. */
export type TaskEnd = "value" | "error" | "never" | "exit" | "unsendable" | "block";

/** What the functions tell whoever checks the history. */
export interface Witness {
  readonly world: World;
  /** The body of that call was entered. */
  entered(call: number, machine: SimulatedMachine): void;
}

let witness: Witness | null = null;

/** Says who is told from now on. One history runs at a time. */
export function testifyTo(next: Witness | null): void {
  witness = next;
}

/** One body that runs, or one object that lives, on a machine. */
class Running {
  readonly machine: SimulatedMachine;
  readonly signal: AbortSignal;
  readonly #task: Task;

  constructor(task: Task) {
    const context = flame.context();
    if (context === null || witness === null) throw new Error("it runs outside of a call");
    this.#task = task;
    this.machine = (context.runner as Place).machine;
    this.signal = context.signal;
    // What its last events caused still runs here when a process has ended, and would not in truth.
    if (!this.machine.exists) return;
    this.machine.running.add(this);
    witness.world.log(this.machine.id, `enters call ${task.call}`);
    witness.entered(task.call, this.machine);
  }

  over(): void {
    if (this.machine.running.delete(this)) witness?.world.log(this.machine.id, `leaves call ${this.#task.call}`);
  }

  /** Takes its time. Never comes back when its process is gone. */
  async work(): Promise<void> {
    const { ms, heeds, end } = this.#task;
    if (!this.machine.exists) return await new Promise(() => {});
    if (end === "block") {
      witness?.world.log(this.machine.id, `call ${this.#task.call} blocks its event loop for ${ms} ms`);
      this.machine.block(ms);
      return await this.#sleep(0, false);
    }
    await this.#sleep(end === "never" ? Infinity : ms, heeds);
    if (end === "error") throw new RangeError(`the error of call ${this.#task.call}`);
    if (end !== "exit") return;
    this.machine.touch("it exits by itself");
    this.machine.die({ code: 3, signal: null }, `call ${this.#task.call} ends its process`);
    return await new Promise(() => {});
  }

  #sleep(ms: number, heeds: boolean): Promise<void> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      if (heeds && signal.aborted) return reject(signal.reason);
      const abort = (): void => {
        timer.cancel();
        reject(signal.reason);
      };
      const timer = this.machine.main.clock.setTimer(ms, () => {
        signal.removeEventListener("abort", abort);
        resolve();
      });
      if (heeds) signal.addEventListener("abort", abort, { once: true });
    });
  }

  value(): TaskValue {
    const { call, size, end } = this.#task;
    const bytes = new Uint8Array(size).fill(call);
    return end === "unsendable" ? ({ call, bytes, not: Symbol("not sendable") } as TaskValue) : { call, bytes };
  }
}

export interface TaskValue {
  readonly call: number;
  readonly bytes: Uint8Array;
}

async function run(task: Task): Promise<TaskValue> {
  const running = new Running(task);
  try {
    await running.work();
    return running.value();
  } finally {
    running.over();
  }
}

/** Gives one value. */
export const value = flame.fn("simulation/value", run);

/** Calls back before and after its work. */
export const callBack = flame.fn(
  "simulation/callBack",
  async (task: Task, notify: (call: number) => Promise<number>): Promise<TaskValue> => {
    const running = new Running(task);
    try {
      await notify(task.call);
      await running.work();
      await notify(task.call);
      return running.value();
    } finally {
      running.over();
    }
  },
);

/** Reads what it is given, chunk by chunk, and says how much that was. */
export const feed = flame.fn("simulation/feed", async (task: Task, source: AsyncIterable<number>): Promise<number> => {
  const running = new Running(task);
  try {
    let read = 0;
    for await (const chunk of source) {
      if (chunk !== read) witness?.world.fail(`call ${task.call} was fed ${chunk} in place of ${read}`);
      read += 1;
      await running.work();
    }
    return read;
  } finally {
    running.over();
  }
});

/** Gives an object that stays where it is. Nothing runs there in between, so it needs no slot to be seen. */
export const reference = flame.fn("simulation/reference", async (task: Task) => {
  const running = new Running(task);
  try {
    await running.work();
    return flame.ref(new Counter());
  } finally {
    running.over();
  }
});

export class Counter {
  #count = 0;
  next(): number {
    return (this.#count += 1);
  }
}

/** Gives chunks. It is no generator, since it must know of its end also when nobody ever asked for a chunk. */
export const chunks = flame.fn("simulation/chunks", (task: Task): AsyncIterableIterator<TaskValue> => {
  const running = new Running(task);
  let given = 0;
  const done = { done: true, value: undefined } as const;
  const iterator: AsyncIterableIterator<TaskValue> = {
    async next() {
      if (given === task.chunks) {
        running.over();
        return done;
      }
      given += 1;
      try {
        await running.work();
        return { done: false, value: running.value() };
      } catch (error) {
        running.over();
        throw error;
      }
    },
    return() {
      running.over();
      return Promise.resolve(done);
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
});

/** An object that lives on a machine until it is disposed of. */
export class Gadget implements AsyncDisposable {
  readonly #running: Running;
  #calls = 0;

  constructor(task: Task) {
    this.#running = new Running(task);
  }

  /** The how-manieth call of it this is: they must come in the order in which they were made. */
  async count(expected: number): Promise<number> {
    this.#calls += 1;
    if (this.#calls !== expected)
      witness?.world.fail(`call ${expected} of a placed child came as number ${this.#calls}`);
    await this.#running.work();
    return expected;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#running.over();
    return Promise.resolve();
  }
}

export const gadget = flame.fn("simulation/gadget", (task: Task) => new Gadget(task));
