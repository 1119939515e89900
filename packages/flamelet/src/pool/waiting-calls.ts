import type { RunnerControl } from "../runner/runner-control.ts";
import { LinkedList, ListNode } from "../linked-list.ts";
import { FairQueue } from "./queue.ts";
import type { Waiter } from "./waiter.ts";

/** Going through a list that is empty would make a generator first, for every slot that is given. */
const NOBODY: readonly never[] = [];

/** All calls that wait for a slot: first those that had one and were sent back, then the others in fair order. */
export class WaitingCalls<R extends RunnerControl> {
  readonly #sentBack = new LinkedList<Waiter<R>>();
  readonly #fair = new FairQueue<Waiter<R>>();

  get size(): number {
    return this.#sentBack.size + this.#fair.size;
  }

  /** How many wait that had no slot before. */
  get newcomers(): number {
    return this.#fair.size;
  }

  add(waiter: Waiter<R>): void {
    if (waiter.exclude === undefined) {
      const place = this.#fair.push(waiter, waiter.key);
      waiter.leave = () => void this.#fair.remove(place);
    } else {
      const node = new ListNode(waiter);
      this.#sentBack.append(node);
      waiter.leave = () => void this.#sentBack.remove(node);
    }
  }

  /** Those that were sent back, in order. Each may leave while it is looked at. */
  get sentBack(): Iterable<Waiter<R>> {
    return this.#sentBack.size === 0 ? NOBODY : this.#sentBack;
  }

  /** The newcomer whose turn it is, taken out. */
  shift(): Waiter<R> | undefined {
    return this.#fair.shift();
  }

  *[Symbol.iterator](): Generator<Waiter<R>, void> {
    yield* this.#sentBack;
    yield* this.#fair;
  }
}
