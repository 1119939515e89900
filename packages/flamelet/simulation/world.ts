import { Network, type NetworkProfile } from "./network.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { Thread } from "./thread.ts";

/** What the provider, the machines and the people who run them do wrong, and how probably. All are 0 when all is well. */
export interface Rates {
  /** The provider refuses for now (429, 5xx). */
  refused: number;
  /** The provider refuses for good (quota is a matter of time, a wrong token is not). */
  denied: number;
  /** The provider does what it was asked for, and its answer is an error, or never comes. */
  replyLost: number;
  /** The provider makes two machines where one was asked for. */
  twice: number;
  /** The answer takes longer than the boot. */
  replySlow: number;
  /** The machine starts, and its app never connects. */
  bootNever: number;
  /** It takes longer than anybody waits. */
  bootLate: number;
  /** The app crashes while it loads. */
  bootCrash: number;
  /** It runs another build. */
  wrongBuild: number;
  /** Destroying a machine takes long, or fails. */
  destroySlow: number;
  destroyFails: number;
  /** That a machine has ended is told late, or never. */
  exitLate: number;
  exitNever: number;
}

export const CALM: Readonly<Rates> = {
  refused: 0,
  denied: 0,
  replyLost: 0,
  twice: 0,
  replySlow: 0,
  bootNever: 0,
  bootLate: 0,
  bootCrash: 0,
  wrongBuild: 0,
  destroySlow: 0,
  destroyFails: 0,
  exitLate: 0,
  exitNever: 0,
};

/** A rule that did not hold. */
export interface Violation {
  readonly at: number;
  readonly what: string;
}

/** What everybody in one history shares: its chance, its time, its network, and the book in which all of it is written. */
export class World {
  readonly seed: number;
  readonly random: Random;
  readonly scheduler: Scheduler = new Scheduler();
  readonly network: Network;
  /** The one process that owns the pool. */
  readonly parent: Thread;
  rates: Rates = { ...CALM };
  violation: Violation | null = null;
  /** What happened, line by line, if somebody wants to read it. */
  readonly lines: string[] | null;

  constructor(seed: number, random: Random, profile: NetworkProfile, verbose: boolean) {
    this.seed = seed;
    this.random = random;
    this.network = new Network(this.scheduler, random, profile);
    this.parent = new Thread("parent", this.scheduler, random);
    this.lines = verbose ? [] : null;
  }

  get now(): number {
    return this.scheduler.now;
  }

  log(actor: string, what: string): void {
    this.lines?.push(`${this.now.toFixed(1).padStart(10)} ms  ${actor.padEnd(10)}  ${what}`);
  }

  /** Notes that a rule did not hold. The first one counts, and ends the history. */
  fail(what: string): void {
    if (this.violation !== null) return;
    this.violation = { at: this.now, what };
    this.log("VIOLATION", what);
  }

  /** The sum of what has happened, for telling whether two histories are the same. */
  get digest(): string {
    return `${this.scheduler.steps}:${this.random.next()}`;
  }
}
