import type { RunnerControl } from "../runner/runner-control.ts";
import { ListNode } from "../linked-list.ts";
import type { Placeable } from "./placement.ts";
import type { RunnerView } from "./policy.ts";

/** One runner, as its pool keeps it. Only `PoolState` writes to it. */
export class RunnerEntry<R extends RunnerControl> implements RunnerView, Placeable {
  readonly runner: R;
  /** Which boots failed together with this one, if it fails; see `BootBreaker`. */
  readonly era: number;
  /** Its place among those of the same load. */
  readonly seat: ListNode<this>;
  /** Its place among those that have no work. */
  readonly rest: ListNode<this>;
  state: "booting" | "ready" | "draining" | "gone" = "booting";
  load = 0;
  since: number;
  responsive = true;

  constructor(runner: R, era: number, now: number) {
    this.runner = runner;
    this.era = era;
    this.since = now;
    this.seat = new ListNode<this>(this);
    this.rest = new ListNode<this>(this);
  }

  get id(): string {
    return this.runner.id;
  }
}
